// Plans that are none, in front of native code: checkPlan, launch, prepare, exec and the small methods. Made to run with
// the addon that has AddressSanitizer (scripts/fuzz.mjs). Nothing is ever made: what could be a whole plan gets a mistake
// in the field that native code reads last.
import { loadAddon } from '../../src/addon/load.js';
import type { NativeAnchor } from '../../types/addon.js';
import { tryFor } from './loop.js';
import { Ambush, mutate } from './mutate.js';
import type { Random } from './random.js';
import { blankPlan, processPlan, wholePlan } from './plans.js';

const { addon, init } = loadAddon();
const privileged = process.geteuid?.() === 0;

let anchor = openAnchor();

function openAnchor(): NativeAnchor | null {
  return privileged ? new addon.Anchor(JSON.stringify({ init, launchers: 1, cgroup: null }), () => {}) : null;
}

/** Only a TypeError of ours that names a field, a fault of the kernel, or what an ambush threw. */
function expectRefusal(work: () => unknown): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch((error: unknown) => rethrowUnknown(error));
  } catch (error) {
    rethrowUnknown(error);
  }
}

function rethrowUnknown(error: unknown): void {
  if (error instanceof Ambush || (error instanceof Error && 'fault' in error)) return;
  if (error instanceof TypeError && /^(plan|blank|lower|process|anchor|onEvent)\b.*: /s.test(error.message))
    return;
  throw error;
}

/** The object with this property, if it can be given one. */
function spoil(value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null) return true;
  try {
    Object.defineProperty(value, key, { value: 'spoilt', enumerable: true, configurable: false });
    return true;
  } catch {
    return false;
  }
}

/** Now and then it is closed under whoever asks; then there is a new one. */
function withAnchor(random: Random, work: (anchor: NativeAnchor) => void): void {
  if (anchor === null) return;
  const current = anchor;
  if (random.chance(200)) {
    anchor = null;
    void current.close();
  }
  work(current);
  anchor ??= openAnchor();
}

/** What a mutated value is as text, undefined where JSON has no word for it. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // A BigInt, an ambush, or longer than a string can be.
    if (error instanceof TypeError || error instanceof RangeError || error instanceof Ambush)
      return undefined;
    throw error;
  }
}

/** Bytes of the text are exchanged, lost or doubled. */
function damagedText(value: unknown, random: Random): string {
  return random.damage(Buffer.from(textOf(value) ?? 'null')).toString(random.pick(['utf8', 'latin1']));
}

const odd = (random: Random): never => mutate(random.pick([1, 4_000_000_000, 'text', null]), random) as never;

const { seccomp, ...wholeText } = wholePlan;
addon.checkPlan(JSON.stringify(wholeText), seccomp);

await tryFor({
  checkPlan: (random) => {
    const plan = textOf(mutate(wholeText, random)) as string;
    expectRefusal(() => addon.checkPlan(plan, mutate(seccomp, random) as Uint8Array));
  },
  text: (random) => {
    expectRefusal(() => addon.checkPlan(damagedText(wholeText, random), seccomp));
  },
  launch: (random) => {
    withAnchor(random, (current) => {
      const plan = mutate(wholeText, random);
      if (!spoil(plan, 'lifetime')) return;
      expectRefusal(() => current.launch(textOf(plan) as string, mutate(seccomp, random) as Uint8Array));
    });
  },
  prepare: (random) => {
    withAnchor(random, (current) => {
      const blank = mutate(blankPlan, random);
      if (spoil(blank, 'upperInodes')) expectRefusal(() => current.prepare(textOf(blank) as string));
    });
  },
  exec: (random) => {
    withAnchor(random, (current) => {
      const process = random.chance(2)
        ? damagedText(processPlan, random)
        : (textOf(mutate(processPlan, random)) as string);
      expectRefusal(() => current.exec(1, process));
      expectRefusal(() => current.run(1, process, null));
    });
  },
  lower: (random) => {
    withAnchor(random, (current) => {
      const lower = mutate(wholePlan.root.lower, random);
      if (spoil(lower, 'kind')) expectRefusal(() => current.openPlank(textOf(lower) as string));
    });
  },
  methods: (random) => {
    withAnchor(random, (current) => {
      // Room numbers that nobody has: nothing happens but the reading of arguments.
      const room = random.pick<number>([odd(random), 4_000_000_000]);
      const calls: (() => unknown)[] = [
        () => current.signal(room, odd(random), odd(random)),
        () => current.kill(room),
        () => current.setDeadline(room, odd(random)),
        () => current.freeze(room, odd(random)),
        () => current.releasePlanks(odd(random)),
        () => current.openBelow(room, odd(random), odd(random), odd(random)),
        () => current.own(-1 - random.below(3)),
        () => current.own(odd(random)),
        () => current.discard(odd(random)),
        () => current.resize(-1, odd(random), odd(random)),
        () => addon.releaseName(odd(random)),
        () => {
          const claim = addon.claimName(odd(random));
          if (claim !== null) addon.releaseName(claim);
        },
        () =>
          new addon.Anchor(
            textOf(mutate({ init: '/nowhere', launchers: 1, cgroup: 7 }, random)) as string,
            odd(random),
          ),
      ];
      expectRefusal(random.pick(calls));
    });
  },
});
await anchor?.close();
