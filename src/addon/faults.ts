import { constants } from 'node:os';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';
import type { NativeFault } from '../../types/event.js';
import { RoomError, type ErrorCode, type FaultDetails } from '../errors.js';
import { faultRules, generalHints } from './fault-rules.js';

/** Errno numbers that libuv has no name for, by their names in errno(3). */
const otherErrnoNames: ReadonlyMap<number, string> = new Map([
  [15, 'ENOTBLK'],
  [87, 'EUSERS'],
  [117, 'EUCLEAN'],
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
]);

/** `ENOENT` for 2; a number that nobody knows stays a number. */
export function errnoName(errno: number): string {
  if (getSystemErrorMap().has(-errno)) return getSystemErrorName(-errno);
  return otherErrnoNames.get(errno) ?? `errno ${errno}`;
}

/** What a fault means: the one place where facts of native code become words. */
export function faultError(fault: NativeFault, more: { hint?: string; cause?: unknown } = {}): RoomError {
  const rule = Object.hasOwn(faultRules, fault.step) ? faultRules[fault.step] : undefined;
  const name = errnoName(fault.errno);
  const special = Object.entries(rule?.on ?? {}).find(([names]) => names.split(' ').includes(name))?.[1];
  const code: ErrorCode = special?.code ?? rule?.code ?? 'ERR_ROOM_LAUNCH';
  const hint = more.hint ?? special?.hint ?? rule?.hint ?? generalHints[name];
  const details: FaultDetails = { step: fault.step, syscall: fault.syscall, errno: -fault.errno };
  if (fault.path !== '') details.path = fault.path;
  if (hint !== undefined) details.hint = hint;
  if (more.cause !== undefined) details.cause = more.cause;
  return new RoomError(code, faultMessage(fault, rule?.doing, name), details);
}

function faultMessage(fault: NativeFault, doing: string | undefined, name: string): string {
  const subject = fault.path === '' ? 'it' : JSON.stringify(fault.path);
  const action = doing === undefined ? `complete the step ${fault.step}` : doing.replace('%', () => subject);
  const place = fault.path !== '' && !doing?.includes('%') ? ` on ${subject}` : '';
  const words = getSystemErrorMap().get(-fault.errno)?.[1];
  const kernel = fault.detail === '' ? '' : `; the kernel says: ${fault.detail.trim()}`;
  return (
    `cannot ${action}: ${fault.syscall || fault.step} failed${place} with ${name}` +
    `${words === undefined ? '' : ` (${words})`}${kernel}`
  );
}
