import type { FaultError } from '../../types/addon.js';
import type { NativeFault } from '../../types/event.js';
import type { RoomError } from '../errors.js';
import { hostFiles } from '../host/files.js';
import { explainPermission } from '../host/permission.js';
import { readProcessFacts } from '../host/process-facts.js';
import { faultError } from './faults.js';

/** As `faultError`; where the kernel only said no, looks at this process and its surroundings for who refused, and why. */
export function explainedFault(fault: NativeFault, cause?: unknown): RoomError {
  const hint = refusalHint(fault);
  return faultError(fault, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The RoomError for something that native code threw; whatever else was thrown comes back as it is. */
export function errorFromNative(error: unknown): unknown {
  return isFaultError(error) ? explainedFault(error.fault, error) : error;
}

function refusalHint(fault: NativeFault): string | undefined {
  // What room-init reports happened with the rights of the room: nothing on the host refused it.
  if (fault.step.startsWith('run.')) return undefined;
  const facts = readProcessFacts(hostFiles, { uid: process.geteuid?.() ?? 0, searchPath: '' });
  const refusal = explainPermission(fault, facts);
  return refusal === null ? undefined : `${refusal.why}: ${refusal.remedy}`;
}

function isFaultError(error: unknown): error is FaultError {
  return (
    error instanceof Error && 'fault' in error && typeof error.fault === 'object' && error.fault !== null
  );
}
