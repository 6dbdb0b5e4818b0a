import type { CheckedIdentity, CheckedUser } from './checked.js';
import { wrongType, wrongValue } from './field.js';
import { highestId, highestIdOf } from './identity.js';

/** Decimal as printf writes it: no sign, no space, no leading zero, no exponent, so that nobody reads it otherwise. */
const id = '0|[1-9][0-9]{0,9}';
/** A digit first would be taken for an id by one reader and for a name by the next. */
const name = '[A-Za-z_][A-Za-z0-9_.-]{0,254}\\$?';

const idForm = new RegExp(`^(${id})(?::(${id}))?$`);
const nameForm = new RegExp(`^(${name})(?::(?:(${name})|(${id})))?$`);

const expectedUser = '"root", a user id, "uid:gid", or a name of the plank with or without ":group"';

/**
 * The user of a process. What is no user at all is a SpecTypeError: the peers' holes came from reading `1e3` or
 * `4294967295` as some id, and from guessing.
 */
export function parseUser(value: unknown, field: string, identity: CheckedIdentity): CheckedUser {
  if (value === undefined || value === 'root') return { kind: 'ids', uid: 0, gid: 0 };
  if (typeof value === 'number') {
    const most = highestIdOf(identity);
    if (!Number.isInteger(value) || value < 0 || value > most) throw outOfRange(field, identity, value);
    return { kind: 'ids', uid: value + 0, gid: null };
  }
  if (typeof value !== 'string') throw wrongType(field, expectedUser, value);
  return idsOf(value, field, identity) ?? nameOf(value, field, identity);
}

function idsOf(text: string, field: string, identity: CheckedIdentity): CheckedUser | null {
  const [, user, group] = idForm.exec(text) ?? [];
  if (user === undefined) return null;
  const uid = readId(user, text, field, identity);
  return { kind: 'ids', uid, gid: group === undefined ? null : readId(group, text, field, identity) };
}

function nameOf(text: string, field: string, identity: CheckedIdentity): CheckedUser {
  const [, user, groupName, groupId] = nameForm.exec(text) ?? [];
  if (user === undefined) throw wrongType(field, expectedUser, text);
  const group = groupId === undefined ? (groupName ?? null) : readId(groupId, text, field, identity);
  return { kind: 'name', user, group };
}

function readId(digits: string, text: string, field: string, identity: CheckedIdentity): number {
  const number = Number(digits);
  if (number > highestId) throw wrongType(field, expectedUser, text);
  if (number > highestIdOf(identity)) throw outOfRange(field, identity, text);
  return number;
}

function outOfRange(field: string, identity: CheckedIdentity, value: unknown): RangeError {
  const most = String(highestIdOf(identity));
  return wrongValue(field, `ids from 0 to ${most} with identity "${identity}"`, value);
}
