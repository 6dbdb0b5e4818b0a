import type { ExecutionContext } from 'ava';
import type { Answer } from './driver.js';
import { isBearable, isFatal, isNameOf, needsPath } from './expectations.js';
import type { Target } from './injector.js';

/** How it went, by the words of the table that is printed. */
export type Verdict = 'refused' | 'unnoticed' | 'ended' | 'not reached' | 'WRONG';

export interface Judged {
  readonly target: Target;
  readonly verdict: Verdict;
  /** What is wrong, for WRONG. */
  readonly why: string;
  readonly step: string;
}

/** What a failed call may come to: an error that names it, nothing at all where that is right, the end of the room. */
export function judge(target: Target, answer: Answer): Judged {
  const judged = (verdict: Verdict, why = '', step = ''): Judged => ({ target, verdict, why, step });
  const wrong = aftermath(answer);
  if (wrong !== null || 'over' in answer) return judged('WRONG', wrong ?? '');
  if (answer.hits === 0)
    return judged(answer.error === null ? 'not reached' : 'WRONG', answer.error?.message);
  const { error } = answer;
  if (error === null) return isBearable(target) ? judged('unnoticed') : judged('WRONG', 'nobody noticed');
  const { step = '', errno, path } = error;
  const named = step !== '' && isNameOf(target.call, error.syscall) && errno === -target.error;
  if (error.kind === 'refused' && named)
    return needsPath(target) && path === undefined
      ? judged('WRONG', `no path: ${error.message}`, step)
      : judged('refused', '', step);
  if (error.kind !== 'foreign' && isFatal(target)) return judged('ended', '', error.code);
  return judged('WRONG', `${error.kind} ${JSON.stringify(error)}`, step);
}

/** Whoever makes the call is killed: the end of it may look in many ways, but nothing may be left. */
export function judgeKill(target: Target, answer: Answer): Judged {
  const judged = (verdict: Verdict, why = '', step = ''): Judged => ({ target, verdict, why, step });
  const wrong = aftermath(answer);
  if (wrong !== null || 'over' in answer) return judged('WRONG', wrong ?? '');
  if (answer.hits === 0) return judged('not reached');
  if (answer.error === null) return judged('unnoticed');
  if (answer.error.kind === 'foreign') return judged('WRONG', answer.error.message);
  return judged(answer.error.kind, '', answer.error.code);
}

/** What must never be, whatever failed. */
function aftermath(answer: Answer): string | null {
  if ('over' in answer) return `the program is over: ${answer.over}`;
  if (answer.left.length > 0) return `left: ${answer.left.join('; ')}`;
  return answer.next === null ? null : `the next spawn: ${answer.next}`;
}

/** Prints a table of steps and outcomes; of a campaign in which something is wrong, that alone. */
export function report(t: ExecutionContext, all: readonly Judged[]): void {
  const wrong = all
    .filter(({ verdict }) => verdict === 'WRONG')
    .map(({ target, why }) => `${target.role} ${target.call} ${target.nth}: ${why}`);
  t.deepEqual(wrong, []);
  const rows = new Map<string, Map<Verdict, number>>();
  for (const { target, verdict, step } of all) {
    const key = `${target.role} ${target.call}${step === '' ? '' : ` (${step})`}`;
    const row = rows.get(key) ?? new Map<Verdict, number>();
    rows.set(key, row.set(verdict, (row.get(verdict) ?? 0) + 1));
  }
  const count = (verdict: Verdict): number => all.filter((each) => each.verdict === verdict).length;
  for (const [key, row] of rows)
    t.log(`${key}: ${[...row].map(([verdict, times]) => `${times} ${verdict}`).join(', ')}`);
  t.log(
    `${all.length} faults: ${count('refused')} refused, ${count('unnoticed')} unnoticed, ${count('ended')} ended, ` +
      `${count('not reached')} not reached`,
  );
  // What is made for the next room at the same time is now counted and now not.
  t.true(count('not reached') * 4 < all.length, 'most of them are met');
}
