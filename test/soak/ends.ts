import type { Random } from '../fuzz/random.js';
import { RECENT } from './pace.js';

const crashes = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGKILL', 'SIGTERM', 'SIGUSR1'] as const;
const signals = ['SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGUSR2'] as const;

/** How a room comes to its end. `after`: microseconds since it has started. */
export type End =
  /** Its command returns. */
  | { readonly kind: 'exit'; readonly code: number }
  /** Its command kills itself. */
  | { readonly kind: 'crash'; readonly signal: (typeof crashes)[number] }
  /** `room.kill()`. */
  | { readonly kind: 'signal'; readonly signal: (typeof signals)[number]; readonly after: number }
  /** Milliseconds that it may live. */
  | { readonly kind: 'timeout'; readonly lifetime: number }
  | { readonly kind: 'destroy'; readonly after: number }
  | { readonly kind: 'abort'; readonly moment: Moment }
  /** room-init, its PID 1, is killed by somebody outside. */
  | { readonly kind: 'init'; readonly after: number }
  /** It never begins: there is no such program in it. */
  | { readonly kind: 'missing' }
  /** Its Anchor closes, its worker thread is terminated, its program is killed: whoever made it sees to that. */
  | { readonly kind: 'owner' };

/** When a room is aborted. */
export type Moment =
  /** On the way to it: where is up to the machine, `like` and `share` are of `Pace.part()`. */
  | { readonly phase: 'making'; readonly like: number; readonly share: number }
  | { readonly phase: 'living'; readonly after: number };

/** The name of an end, in reports. */
export function nameOf(end: End): string {
  if (end.kind !== 'abort') return end.kind;
  return end.moment.phase === 'making' ? 'abort while it is made' : 'abort of a living room';
}

/** An end that a room comes to by itself or by what is done to this room alone. */
export function chooseEnd(random: Random): End {
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'exit', code: random.chance(2) ? 0 : random.below(256) };
    case 3:
    case 4:
      return { kind: 'crash', signal: random.pick(crashes) };
    case 5:
    case 6:
      return { kind: 'signal', signal: random.pick(signals), after: random.below(3000) };
    case 7:
    case 8:
      return { kind: 'timeout', lifetime: 1 + random.below(100) };
    case 9:
    case 10:
    case 11:
      return { kind: 'destroy', after: random.below(3000) };
    case 12:
    case 13:
      return { kind: 'abort', moment: chooseMoment(random) };
    case 14:
      return { kind: 'init', after: random.below(3000) };
    default:
      return { kind: 'missing' };
  }
}

function chooseMoment(random: Random): Moment {
  if (random.chance(2)) return { phase: 'living', after: random.below(3000) };
  return { phase: 'making', like: random.below(RECENT), share: random.below(1000) };
}
