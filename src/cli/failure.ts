import { RoomError } from '../index.js';
import { CommandError, Interrupted, UsageError } from './command-error.js';
import { exitCodes, exitCodeOfSignal, exitCodeOfVault } from './exit-code.js';

/** Lines of a build that people are shown; `--json` has more. */
const longestLog = 20;

/** An error as `--json` prints it: what is not known is left out. */
export interface FailureReport {
  readonly code: string;
  readonly message: string;
  /** The field of the spec, e.g. `mounts[2].at`. */
  readonly field?: string;
  readonly step?: string;
  readonly syscall?: string;
  readonly errno?: number;
  readonly path?: string;
  readonly line?: number;
  /** The end of the log of a build. */
  readonly log?: readonly string[];
  readonly hint?: string;
}

interface FieldError extends Error {
  readonly code: string;
  readonly field: string;
}

/** Pure. */
export function reportOf(error: unknown, sources: ReadonlyMap<string, string> = new Map()): FailureReport {
  if (error instanceof CommandError) return pick(error);
  if (isFieldError(error))
    return { code: error.code, message: inTermsOfOptions(error, sources), field: error.field };
  if (error instanceof RoomError || isSystemError(error)) return pick(error);
  // Nobody expected this one, so that the way to it matters more than how it looks.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'ERR_ANCHOR_INTERNAL', message: `unexpected: ${text}` };
}

function pick(error: Omit<FailureReport, 'field'>): FailureReport {
  const { code, message, step, syscall, errno, path, line, log, hint } = error;
  const known = Object.entries({ step, syscall, errno, path, line, log, hint }).filter(
    ([, value]) => value !== undefined,
  );
  return { code, message, ...Object.fromEntries(known) };
}

/** Lines for people. Pure. */
export function linesOf({ message, log = [], hint }: FailureReport): string {
  const said = log.slice(-longestLog).map((line) => `  | ${line}\n`);
  return `anchor: ${message}\n${said.join('')}${hint === undefined ? '' : `  hint: ${hint}\n`}`;
}

/** `failed` is the code for what is no fault of the command line. Pure. */
export function exitCodeOfFailure(error: unknown, failed: number): number {
  if (error instanceof UsageError || isFieldError(error)) return exitCodes.usage;
  if (error instanceof Interrupted) return exitCodeOfSignal(error.signal);
  return (error instanceof RoomError ? exitCodeOfVault(error.code) : null) ?? failed;
}

function isFieldError(error: unknown): error is FieldError {
  return error instanceof Error && 'field' in error && typeof error.field === 'string' && 'code' in error;
}

/** What the system answered to Node itself, e.g. a full disk. */
function isSystemError(error: unknown): error is Error & { code: string; syscall: string } {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return false;
  return typeof error.code === 'string' && typeof error.syscall === 'string';
}

/** `limits.memory: expected …` becomes `--memory: expected …` where an option said it. */
function inTermsOfOptions({ field, message }: FieldError, sources: ReadonlyMap<string, string>): string {
  let source: string | undefined;
  let length = 0;
  for (const [name, option] of sources) {
    const inside = field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`);
    if (!inside || name.length < length) continue;
    source = option;
    length = name.length;
  }
  if (source === undefined) return message;
  const rest = field.slice(length).replace(/^\./, '');
  return `${source}${rest === '' ? '' : `: ${rest}`}${message.slice(field.length)}`;
}
