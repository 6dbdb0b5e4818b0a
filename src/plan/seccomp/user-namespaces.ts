import type { CheckedIdentity } from '../../spec/checked.js';
import { conflict } from '../../spec/field.js';
import { letsThrough } from './actions.js';
import { runFilter } from './run.js';
import { syscallNumbers } from './syscalls-x64.js';

const CLONE_NEWUSER = 0x1000_0000n;
const SIGCHLD = 17n;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const allNamespaces = 0x7e02_0000n;

/** Calls that make a user namespace. The flags of clone3 lie in memory, where no filter looks. */
const ways = [
  { name: 'unshare', arguments: [CLONE_NEWUSER] },
  { name: 'unshare', arguments: [allNamespaces] },
  { name: 'clone', arguments: [CLONE_NEWUSER | SIGCHLD] },
  { name: 'clone', arguments: [allNamespaces | SIGCHLD] },
  { name: 'clone3' },
] as const;

/** Syscalls by which a room with this filter could make a user namespace of its own. */
export function waysToUserNamespaces(program: Uint8Array): readonly string[] {
  const open = ways.filter((way) =>
    letsThrough(
      runFilter(program, {
        number: syscallNumbers[way.name],
        arguments: 'arguments' in way ? way.arguments : [],
      }),
    ),
  );
  return [...new Set(open.map(({ name }) => name))];
}

/**
 * In a user namespace of its own a process has every capability: it mounts file systems of the host, and to them it is who it is
 * outside. With the ids of the host that is root: it writes to every file of root that the kernel shows in a mount.
 */
export function refuseUserNamespaces(identity: CheckedIdentity, program: Uint8Array): void {
  if (identity !== 'host') return;
  const open = waysToUserNamespaces(program);
  if (open.length === 0) return;
  throw conflict(
    'seccomp',
    `expected no way to a user namespace together with identity "host", got ${open.join(', ')}: a room that mounts there is root of the host to what it mounts`,
  );
}
