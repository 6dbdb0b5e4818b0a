import type { CheckedIdentity } from './checked.js';
import { conflict } from './field.js';
import { readWord } from './scalar.js';

/** Ids of a mapped room are 0 to one less than this. */
export const mappedIds = 65_536;

/** The highest id there is: the next one is (uid_t)-1, which means "leave it as it is" to the kernel. */
export const highestId = 4_294_967_294;

/** `mapped` or `host`; `mapped` where there is nothing. */
export function parseIdentity(value: unknown, field: string): CheckedIdentity {
  return readWord(value, field, ['mapped', 'host'], 'mapped');
}

/** The highest id that a process of the room can have. */
export function highestIdOf(identity: CheckedIdentity): number {
  return identity === 'mapped' ? mappedIds - 1 : highestId;
}

/** Without a user namespace a capability would count on the host, and that is what a room is there to prevent. */
export function refuseHostCapabilities(
  identity: CheckedIdentity,
  capabilities: readonly number[],
  field: string,
): void {
  if (identity === 'host' && capabilities.length > 0) {
    throw conflict(field, 'expected none together with identity "host": they would count on the host');
  }
}
