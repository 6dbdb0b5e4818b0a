import { resolve } from 'node:path/posix';
import type { NativeFault } from '../../types/event.js';
import type { ProcessPlan } from '../../types/plan.js';
import { errnoName, faultError } from '../addon/faults.js';
import { explainedFault } from '../addon/refusal.js';
import type { RoomError } from '../errors.js';
import { requirementOf } from './missing.js';

/** First bytes of a regular file in the room; null when there is none. Rejects when it cannot be seen from here. */
export type HeadReader = (path: string) => Promise<Uint8Array | null>;

/**
 * The error for a process that could not be started. "No such file or directory" may be about the program, about the
 * interpreter in its `#!` line or about its ELF loader: this looks which of them is missing.
 */
export async function explainStart(
  fault: NativeFault,
  plan: ProcessPlan,
  read: HeadReader,
): Promise<RoomError> {
  const named = withPath(fault, plan);
  if (fault.step !== 'run.exec' || errnoName(fault.errno) !== 'ENOENT') return explainedFault(named);
  const hint = await whatIsMissing(plan, read).catch(() => null);
  return faultError(named, hint === null ? {} : { hint });
}

/** room-init reports numbers only; what the step was about is in the plan. */
function withPath(fault: NativeFault, plan: ProcessPlan): NativeFault {
  if (fault.path !== '') return fault;
  if (fault.step === 'run.exec') return { ...fault, path: plan.argv[0] ?? '' };
  if (fault.step === 'run.cwd') return { ...fault, path: plan.cwd };
  return fault;
}

async function whatIsMissing(plan: ProcessPlan, read: HeadReader): Promise<string | null> {
  const program = plan.argv[0] ?? '';
  for (const path of candidates(program, plan)) {
    const head = await read(path);
    if (head !== null) return lacking(path, head);
  }
  if (program.includes('/')) return 'There is no such file in the room.';
  if (plan.searchPath.length === 0) return 'PATH in `env` is empty.';
  return `It is in none of the directories of PATH: ${plan.searchPath.join(':')}`;
}

/** Where execve looked, in order. */
function candidates(program: string, plan: ProcessPlan): string[] {
  if (program.includes('/')) return [resolve(plan.cwd, program)];
  return plan.searchPath.map((directory) => resolve(plan.cwd, directory, program));
}

/** What a program that is there needs, and must be missing since the kernel did not find it. */
function lacking(path: string, head: Uint8Array): string | null {
  const needs = requirementOf(head);
  if (needs === null) return null;
  const missing = `${JSON.stringify(needs.path)}, does not`;
  if (needs.kind === 'loader') {
    return (
      `${path} exists, but the ELF loader it was linked for, ${missing}. ` +
      'Put the C library of the program into the plank, or link it statically.'
    );
  }
  const advice = needs.path.endsWith('\r') ? 'The script has Windows line ends.' : 'Put it into the plank.';
  return `${path} exists, but the interpreter in its #! line, ${missing}. ${advice}`;
}
