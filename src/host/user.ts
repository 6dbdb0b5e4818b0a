import type { CheckedUser } from '../spec/checked.js';
import { RoomError, SpecRangeError } from '../errors.js';
import { parseGroup, parsePasswd, type GroupEntry, type PasswdEntry } from './passwd.js';
import type { ResolvedUser } from './resolved-room.js';

/** Reads /etc/passwd or /etc/group of the plank; null when it has none. */
export type AccountReader = (path: '/etc/passwd' | '/etc/group') => Promise<string | null>;

/** setgroups(2) takes no more. */
const groupLimit = 65_536;

/**
 * Ids for the user of a spec. Numbers mean themselves and need no entry; root is always 0:0, whatever the plank claims;
 * other names have to be in the plank. `idLimit` is the number of ids that the room has, `field` the one that asks.
 */
export async function resolveUser(
  user: CheckedUser,
  read: AccountReader,
  idLimit: number,
  field = 'user',
): Promise<ResolvedUser> {
  if (isPlainRoot(user)) return { uid: 0, gid: 0, groups: [0], name: 'root', home: '/root' };
  const resolved = user.kind === 'ids' ? await resolveIds(user, read) : await resolveName(user, read, field);
  if (resolved.uid >= idLimit || resolved.gid >= idLimit) {
    const ids = `${resolved.uid}:${resolved.gid}`;
    throw new SpecRangeError(
      'ERR_ROOM_SPEC_VALUE',
      field,
      `${ids} is outside of the ids of the room, 0 to ${idLimit - 1}`,
    );
  }
  return { ...resolved, groups: resolved.groups.filter((gid) => gid < idLimit) };
}

function isPlainRoot(user: CheckedUser): boolean {
  if (user.kind === 'ids') return user.uid === 0 && (user.gid === null || user.gid === 0);
  return user.user === 'root' && (user.group === null || user.group === 0 || user.group === 'root');
}

async function resolveIds(
  user: Extract<CheckedUser, { kind: 'ids' }>,
  read: AccountReader,
): Promise<ResolvedUser> {
  const { uid } = user;
  if (user.gid !== null) return { uid, gid: user.gid, groups: [user.gid], name: null, home: null };
  const entry = (await readPasswd(read)).find((candidate) => candidate.uid === uid);
  // Without an entry the group of the same number: 0 would give the command what belongs to root's group.
  const gid = entry?.gid ?? uid;
  return { uid, gid, groups: [gid], name: entry?.name ?? null, home: entry?.home ?? null };
}

async function resolveName(
  user: Extract<CheckedUser, { kind: 'name' }>,
  read: AccountReader,
  field: string,
): Promise<ResolvedUser> {
  const entry = user.user === 'root' ? rootEntry : find(await readPasswd(read), user.user);
  if (entry === undefined) {
    throw new RoomError(
      'ERR_ROOM_USER_NOT_FOUND',
      `${field}: '${user.user}' is not in the plank's /etc/passwd`,
      {
        path: '/etc/passwd',
        hint: "use a number ('1000:1000'), or build the plank with that user",
      },
    );
  }
  const { name, uid, home } = entry;
  if (typeof user.group === 'number') return { uid, gid: user.group, groups: [user.group], name, home };
  const all = parseGroup((await read('/etc/group')) ?? '');
  if (user.group !== null) {
    const gid = user.group === 'root' ? 0 : findGroup(all, user.group, field).gid;
    return { uid, gid, groups: [gid], name, home };
  }
  // As initgroups(3): the user's own group and all that list the name. Asking for a group by hand means that one alone.
  const supplementary = all.filter((group) => group.members.includes(name)).map((group) => group.gid);
  const groups = [...new Set([entry.gid, ...supplementary])].slice(0, groupLimit).sort((a, b) => a - b);
  return { uid, gid: entry.gid, groups, name, home };
}

const rootEntry: PasswdEntry = { name: 'root', uid: 0, gid: 0, home: '/root' };

async function readPasswd(read: AccountReader): Promise<PasswdEntry[]> {
  return parsePasswd((await read('/etc/passwd')) ?? '');
}

function find<T extends { readonly name: string }>(entries: readonly T[], name: string): T | undefined {
  return entries.find((entry) => entry.name === name);
}

function findGroup(groups: readonly GroupEntry[], name: string, field: string): GroupEntry {
  const group = find(groups, name);
  if (group !== undefined) return group;
  throw new RoomError(
    'ERR_ROOM_USER_NOT_FOUND',
    `${field}: the group '${name}' is not in the plank's /etc/group`,
    {
      path: '/etc/group',
      hint: 'use a number, or build the plank with that group',
    },
  );
}
