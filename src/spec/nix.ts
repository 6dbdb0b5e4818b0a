import { capabilityNames, type CapabilityName } from './capabilities.js';
import type { CheckedIdentity, CheckedMount } from './checked.js';
import { mostDropzones } from './dropzones.js';
import { child, conflict, keysOf, readFields, wrongType } from './field.js';
import { isWithin } from './path.js';
import { readFlag, readWord } from './scalar.js';
import type { CheckedSeccomp } from './seccomp.js';
import { parseSize, type Size } from './size.js';

/** Nix in the room: where its store is, and what becomes of what is built. The plank has to have Nix in it. */
export interface NixSpec {
  /**
   * Where /nix/store and /nix/var are. `tmpfs`: in the writable layer of the room, which takes what rooms before it have kept out of
   * the vault's binary cache. `vault`: what rooms before it have kept lies in /nix/store from the start.
   */
  store: 'tmpfs' | 'vault';
  /**
   * Of the store `vault`. `layer` (default): read-only below the writable layer of the room; what is built is verified and comes into the
   * vault by the host. `bind`: the room writes to the vault's own store, alone, and nobody verifies anything.
   */
  mode?: 'layer' | 'bind';
  /**
   * Nix builds in its sandbox, or not at all. That takes the system calls for namespaces and mounts, the capabilities SETGID,
   * SETFCAP and DAC_OVERRIDE, and a /proc without covers. Default true; with the ids of the host only false.
   */
  sandbox?: boolean;
  /** What is built is kept in the vault if the command returns 0. Default `on-success`. Not with `bind`, which keeps everything. */
  keep?: 'on-success' | 'never';
  /** All that fits between the room and the vault, at least 1 MiB. Taken from the vault's disk for as long as the room lives. Default 1 GiB. */
  size?: Size;
}

export const nixKeys = keysOf<NixSpec>({ store: true, mode: true, sandbox: true, keep: true, size: true });

/** A NixSpec after validation. */
export interface CheckedNix {
  readonly store: 'tmpfs' | 'layer' | 'bind';
  readonly sandbox: boolean;
  readonly keep: boolean;
  /** Of what is on its way to the vault. */
  readonly bytes: number;
}

const leastInbox = 2 ** 20;
const usualInbox = 2 ** 30;

export function parseNix(value: unknown, field: string, identity: CheckedIdentity): CheckedNix | null {
  if (value === undefined) return null;
  const fields = readFields(value, field, nixKeys);
  if (fields.store === undefined) throw wrongType(child(field, 'store'), '"tmpfs" or "vault"', undefined);
  const store = readWord(fields.store, child(field, 'store'), ['tmpfs', 'vault'], 'tmpfs');
  const mode = readWord(fields.mode, child(field, 'mode'), ['layer', 'bind'], 'layer');
  if (store === 'tmpfs' && fields.mode !== undefined)
    throw conflict(child(field, 'mode'), 'expected none together with store "tmpfs", which has one only');
  const sandbox = readFlag(fields.sandbox, child(field, 'sandbox'), true);
  if (sandbox && identity === 'host')
    throw conflict(
      child(field, 'sandbox'),
      'expected false together with identity "host": the sandbox needs user namespaces, and a room that mounts in one would be root of the host',
    );
  const keep = readWord(fields.keep, child(field, 'keep'), ['on-success', 'never'], 'on-success');
  if (mode === 'bind' && (fields.keep !== undefined || fields.size !== undefined)) {
    const what = fields.keep === undefined ? 'size' : 'keep';
    throw conflict(
      child(field, what),
      'expected none together with mode "bind", which writes to the vault itself',
    );
  }
  return {
    store: store === 'tmpfs' ? 'tmpfs' : mode,
    sandbox,
    keep: keep === 'on-success' && mode !== 'bind',
    bytes: fields.size === undefined ? usualInbox : parseSize(fields.size, child(field, 'size'), leastInbox),
  };
}

/** What the sandbox calls that the default profile denies. */
const sandboxCalls = [
  ...['chroot', 'clone', 'mount', 'pivot_root', 'setdomainname', 'sethostname', 'umount2', 'unshare'],
];

/**
 * setgroups(2) by root; mapping root into a user namespace (user_namespaces(7)); moving a read-only directory to another one, which Nix
 * thinks that root always can.
 */
const sandboxCapabilities: readonly CapabilityName[] = ['SETGID', 'SETFCAP', 'DAC_OVERRIDE'];

/** What a spec grants, with what Nix's sandbox cannot do without. A profile of one's own is taken as it is. */
export function grantSandbox(
  nix: CheckedNix | null,
  capabilities: readonly number[],
  seccomp: CheckedSeccomp,
): { readonly capabilities: readonly number[]; readonly seccomp: CheckedSeccomp } {
  if (nix?.sandbox !== true) return { capabilities, seccomp };
  const more = sandboxCapabilities.map((name) => capabilityNames.indexOf(name));
  return {
    capabilities: [...new Set([...capabilities, ...more])].sort((left, right) => left - right),
    seccomp:
      seccomp.kind === 'default'
        ? { kind: 'default', allow: [...new Set([...seccomp.allow, ...sandboxCalls])].sort() }
        : seccomp,
  };
}

/** Where the parts of Nix go. */
const nixTrees = ['/nix', '/run/anchor'];

/** Refuses what would lie over Nix's own places, or leave it no way to work. */
export function refuseAroundNix(
  nix: CheckedNix | null,
  mounts: readonly CheckedMount[],
  readOnlyRoot: boolean,
): void {
  if (nix === null) return;
  for (const { at, index } of mounts) {
    const tree = nixTrees.find((each) => isWithin(at, each) || isWithin(each, at));
    if (tree !== undefined)
      throw conflict(
        `mounts[${index}].at`,
        `expected a path apart from ${tree} together with nix, got ${at}`,
      );
  }
  const dropzones = mounts.filter(({ kind }) => kind === 'dropzone').length;
  if (nix.keep && dropzones === mostDropzones)
    throw conflict(
      'mounts',
      `expected fewer than ${mostDropzones} mounts of the vault that can be written to together with nix`,
    );
  if (readOnlyRoot && nix.store !== 'bind')
    throw conflict('readOnlyRoot', 'expected false together with nix, whose store is in the root');
}
