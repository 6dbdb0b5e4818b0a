// Plans that are none, in front of native code: checkPlan, launch, prepare, exec and the small methods. Made to run with
// the addon that has AddressSanitizer (scripts/fuzz.mjs). Nothing is ever made: what could be a whole plan gets a mistake
// in the field that native code reads last.
import { loadAddon } from '../../src/addon/load.js';
import type { NativeAnchor } from '../../types/addon.js';
import type { BlankPlan, LowerPlan, Plan, ProcessPlan } from '../../types/plan.js';
import { tryFor } from './loop.js';
import { Ambush, mutate } from './mutate.js';
import type { Random } from './random.js';
import { blankPlan, processPlan, wholePlan } from './plans.js';

const { addon, init } = loadAddon();
const privileged = process.geteuid?.() === 0;

let anchor = openAnchor();

function openAnchor(): NativeAnchor | null {
  return privileged ? new addon.Anchor({ init, launchers: 1, cgroup: null }, () => {}) : null;
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

/** Some tricks close the Anchor under whoever is reading; then there is a new one. */
function withAnchor(random: Random, work: (anchor: NativeAnchor, trick: () => void) => void): void {
  if (anchor === null) return;
  const current = anchor;
  const closes = random.chance(200);
  work(current, () => {
    if (!closes || anchor === null) return;
    anchor = null;
    void current.close();
  });
  anchor ??= openAnchor();
}

const odd = (random: Random): never => mutate(random.pick([1, 4_000_000_000, 'text', null]), random) as never;

addon.checkPlan(wholePlan);

await tryFor({
  checkPlan: (random) => {
    const plan = mutate(wholePlan, random, () => {});
    expectRefusal(() => addon.checkPlan(plan as Plan));
  },
  launch: (random) => {
    withAnchor(random, (current, trick) => {
      const plan = mutate(wholePlan, random, trick);
      if (spoil(plan, 'lifetime')) expectRefusal(() => current.launch(plan as Plan));
    });
  },
  prepare: (random) => {
    withAnchor(random, (current, trick) => {
      const blank = mutate(blankPlan, random, trick);
      if (spoil(blank, 'upperInodes')) expectRefusal(() => current.prepare(blank as BlankPlan));
    });
  },
  exec: (random) => {
    withAnchor(random, (current, trick) => {
      const process = mutate(processPlan, random, trick) as ProcessPlan;
      expectRefusal(() => current.exec(1, process));
      expectRefusal(() => current.run(1, process, null));
    });
  },
  lower: (random) => {
    withAnchor(random, (current, trick) => {
      const lower = mutate(wholePlan.root.lower, random, trick);
      if (spoil(lower, 'kind')) expectRefusal(() => current.openPlank(lower as LowerPlan));
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
            mutate({ init: '/nowhere', launchers: 1, cgroup: 7 }, random) as never,
            odd(random),
          ),
      ];
      expectRefusal(random.pick(calls));
    });
  },
});
await anchor?.close();
