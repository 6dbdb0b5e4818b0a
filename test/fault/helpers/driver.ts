// A program of its own that tries what it is told to, one thing after the other: what goes wrong in it may end it, or stop it for ever.

import { loadAddon } from '../../../src/addon/load.js';
import type { Addon, NativeAnchor } from '../../../types/addon.js';
import { Injector, type Target } from './injector.js';
import { scenarios, type Scenario, type ScenarioName } from './scenarios.js';
import { tryOnce, type TrialResult } from './trial.js';

/** What came of one order. `over`: it came to no result; then the program may have ended as well. */
export type Answer = TrialResult | { readonly over: string };

export interface Order {
  readonly scenario: ScenarioName;
  readonly target: Target | null;
}

const [injectorPath, plank, directory] = process.argv.slice(2);

/** The injector takes this call for a sign: it looks at the thread of JavaScript between two of them. */
function sign(): void {
  process.umask(0o022);
}

let looking = false;

function turn(): void {
  sign();
  looking = !looking;
}

/** Native code that JavaScript calls. */
function between<T>(work: () => T): T {
  turn();
  try {
    return work();
  } finally {
    turn();
  }
}

/** JavaScript that native code calls: of events, some of which it tells while it is called itself. */
function outside<T>(work: () => T): T {
  return looking ? between(work) : work();
}

/** Of all that the thread of JavaScript calls, only what native code of the package does is looked at. */
function markNativeCalls(): void {
  const { addon } = loadAddon();
  type Method = (...given: unknown[]) => unknown;
  const marked = (native: NativeAnchor): NativeAnchor =>
    new Proxy(native, {
      get:
        (_, name): Method =>
        (...given) =>
          between(() => Reflect.apply(Reflect.get(native, name) as Method, native, given)),
    });
  const construct = (
    Native: Addon['Anchor'],
    [plan, listener]: ConstructorParameters<Addon['Anchor']>,
  ): NativeAnchor => marked(between(() => new Native(plan, (event) => outside(() => listener(event)))));
  (addon as { Anchor: Addon['Anchor'] }).Anchor = new Proxy(addon.Anchor, { construct });
}

markNativeCalls();
const injector = new Injector(injectorPath!);
process.on('message', (order: Order) => {
  const scenario: Scenario = scenarios[order.scenario];
  const answer = (result: Answer): void => void process.send!(result);
  tryOnce(scenario, order.target, injector, { plank: plank!, directory: directory! }).then(
    answer,
    (error: unknown) => answer({ over: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
