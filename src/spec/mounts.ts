import type { CheckedHostMount, CheckedMount, CheckedTmpfsMount, CheckedVaultMount } from './checked.js';
import {
  child,
  conflict,
  keysOf,
  pickFields,
  readArray,
  readObject,
  wrongType,
  wrongValue,
} from './field.js';
import { mostDropzones, parseDropzone, type DropzoneSpec } from './dropzones.js';
import { isWithin, readHostPath, readRoomPath } from './path.js';
import { readFlag, readInteger, readWord } from './scalar.js';
import type { Size } from './size.js';
import { parseSize } from './size.js';
import { parseReference, referenceText } from './vault-reference.js';

export type MountSpec = HostMountSpec | VaultMountSpec | DropzoneSpec | TmpfsMountSpec;

/** A directory or file of the host. Read-only unless it says so; `nosuid` and `nodev` always. */
export interface HostMountSpec {
  /** Absolute path on the host; symbolic links in it are followed once, when the room is made. */
  host: string;
  /** Absolute path in the room; missing directories are made in the room's own layer. */
  at: string;
  /** Default `read`. */
  access?: 'read' | 'write';
  /** Forbid executing programs from it. Default false. */
  noExec?: boolean;
  /** Take the mounts below the source along. Default false. */
  recursive?: boolean;
}

/**
 * What the vault of the Anchor has under a name: read-only, and held for as long as the room lives, so that nobody removes it. The
 * generation is chosen once, when the room is made.
 */
export interface VaultMountSpec {
  /** `kind/name@generation`, or `kind/name` for the generation that is the active one then. */
  vault: string;
  /** Absolute path in the room; missing directories are made in the room's own layer. */
  at: string;
  /** `write` is another thing: a `DropzoneSpec`. */
  access?: 'read';
  /** Forbid executing programs from it. Default false. */
  noExec?: boolean;
}

/** An empty file system in memory. */
export interface TmpfsMountSpec {
  /** Its size limit, at least 4 KiB. */
  tmpfs: Size;
  /** Absolute path in the room; missing directories are made in the room's own layer. */
  at: string;
  /** Permission bits of its root. Default 0o1777. */
  mode?: number;
  /** Default false. */
  noExec?: boolean;
}

export const hostMountKeys = keysOf<HostMountSpec>({
  host: true,
  at: true,
  access: true,
  noExec: true,
  recursive: true,
});
export const vaultMountKeys = keysOf<VaultMountSpec>({ vault: true, at: true, access: true, noExec: true });
export const tmpfsMountKeys = keysOf<TmpfsMountSpec>({ tmpfs: true, at: true, mode: true, noExec: true });

/** These are the kernel's own trees, and what a room may see of them is not up to its mounts. */
const kernelTrees = ['/proc', '/sys', '/dev'];

/** Each is a descriptor on its way to the room. */
const mostMounts = 1000;

/** The key that says what a mount is. */
const mountKinds = ['host', 'vault', 'tmpfs'] as const;
const words = mountKinds.join(', ');

const leastTmpfs = 4096;
const defaultMode = 0o1777;

/**
 * Mounts in the order they are made: parents before children whatever order the spec has, so that none hides another.
 * Those of the same depth stay as they were written.
 */
export function parseMounts(value: unknown, field: string): readonly CheckedMount[] {
  if (value === undefined) return [];
  const entries = readArray(value, field, 'an array of mounts');
  if (entries.length > mostMounts) {
    throw wrongValue(field, `at most ${mostMounts} mounts`, value, String(entries.length));
  }
  const mounts = entries.map((mount, index) => parseMount(mount, `${field}[${index}]`, index));
  refuseDuplicates(mounts, field);
  if (mounts.filter(({ kind }) => kind === 'dropzone').length > mostDropzones)
    throw wrongValue(field, `at most ${mostDropzones} mounts of the vault that can be written to`, value);
  return mounts.sort((left, right) => depth(left.at) - depth(right.at));
}

function parseMount(value: unknown, field: string, index: number): CheckedMount {
  const entries = readObject(value, field);
  const kinds = mountKinds.filter((kind) => entries.has(kind));
  if (kinds.length > 1) throw conflict(field, `expected one of ${words}, got ${kinds.join(' and ')}`);
  if (entries.has('host')) return parseHostMount(entries, field, index);
  if (entries.has('vault')) {
    return entries.get('access') === 'write'
      ? parseDropzone(entries, field, index, parseTarget)
      : parseVaultMount(entries, field, index);
  }
  if (entries.has('tmpfs')) return parseTmpfsMount(entries, field, index);
  const got = entries.size === 0 ? 'an empty object' : [...entries.keys()].slice(0, 5).join(', ');
  throw wrongType(field, `a mount with one of ${words}`, value, got);
}

function parseHostMount(
  entries: ReadonlyMap<string, unknown>,
  field: string,
  index: number,
): CheckedHostMount {
  const fields = pickFields(entries, field, hostMountKeys);
  return {
    kind: 'host',
    index,
    host: readHostPath(fields.host, child(field, 'host')),
    at: parseTarget(fields.at, child(field, 'at')),
    write: readWord(fields.access, child(field, 'access'), ['read', 'write'], 'read') === 'write',
    noExec: readFlag(fields.noExec, child(field, 'noExec'), false),
    recursive: readFlag(fields.recursive, child(field, 'recursive'), false),
  };
}

function parseVaultMount(
  entries: ReadonlyMap<string, unknown>,
  field: string,
  index: number,
): CheckedVaultMount {
  const fields = pickFields(entries, field, vaultMountKeys);
  readWord(fields.access, child(field, 'access'), ['read', 'write'], 'read');
  return {
    kind: 'vault',
    index,
    reference: referenceText(parseReference(fields.vault, child(field, 'vault'))),
    at: parseTarget(fields.at, child(field, 'at')),
    noExec: readFlag(fields.noExec, child(field, 'noExec'), false),
  };
}

function parseTmpfsMount(
  entries: ReadonlyMap<string, unknown>,
  field: string,
  index: number,
): CheckedTmpfsMount {
  const fields = pickFields(entries, field, tmpfsMountKeys);
  return {
    kind: 'tmpfs',
    index,
    bytes: parseSize(fields.tmpfs, child(field, 'tmpfs'), leastTmpfs),
    at: parseTarget(fields.at, child(field, 'at')),
    mode: fields.mode === undefined ? defaultMode : readInteger(fields.mode, child(field, 'mode'), 0, 0o7777),
    noExec: readFlag(fields.noExec, child(field, 'noExec'), false),
  };
}

function parseTarget(value: unknown, field: string): string {
  const target = readRoomPath(value, field);
  if (target === '/') throw wrongValue(field, 'a path below the root of the room', value);
  if (kernelTrees.some((tree) => isWithin(target, tree))) {
    throw wrongValue(field, `a path outside ${kernelTrees.join(', ')}`, value);
  }
  return target;
}

function refuseDuplicates(mounts: readonly CheckedMount[], field: string): void {
  const taken = new Map<string, number>();
  for (const { at, index } of mounts) {
    const first = taken.get(at);
    if (first !== undefined) {
      const other = `${field}[${first}]`;
      throw conflict(`${field}[${index}].at`, `expected a path of its own, got the one of ${other}`);
    }
    taken.set(at, index);
  }
}

function depth(path: string): number {
  return path.split('/').length;
}
