import type { CheckedEnv, CheckedHostMount, CheckedIdentity } from '../spec/checked.js';
import type { CheckedNix } from '../spec/nix.js';
import { noVault, type HostVault } from './vault.js';

/** Where the parts of Nix are in a room. */
export const nixPlaces = {
  /** Scripts of this package: nix/room. */
  tools: '/run/anchor/nix/tools',
  cache: '/run/anchor/nix/cache',
  registrations: '/run/anchor/nix/registrations',
  inbox: '/run/anchor/nix/inbox',
  /** One without covers: the kernel lets nobody mount a /proc who sees only a part of one (mount_too_revealing in fs/namespace.c). */
  proc: '/run/anchor/proc',
} as const;

/** What a room has of Nix. */
export interface ResolvedNix {
  readonly spec: CheckedNix;
  /** There is a vault: what others have kept is to be had. */
  readonly cache: boolean;
  /** Directory of the host that becomes a layer of the root. */
  readonly layer: string | null;
  /** What is built is handed in here, by way of a file system of its own; null: nothing is kept. */
  readonly inbox: NixInboxPlan | null;
  /** The room has the vault's store for itself. */
  readonly exclusive: boolean;
}

export interface NixInboxPlan {
  readonly shelf: 'cache' | 'layer';
  readonly bytes: number;
}

/** What Nix in a room takes from the host, as mounts of the host. Throws ERR_ROOM_NO_VAULT, ERR_VAULT_…. */
export async function locateNix(
  nix: CheckedNix | null,
  vault: HostVault | null,
  tools: string,
): Promise<{ readonly nix: ResolvedNix | null; readonly mounts: readonly CheckedHostMount[] }> {
  if (nix === null) return { nix: null, mounts: [] };
  const { store, keep, bytes } = nix;
  if (vault === null && (keep || store !== 'tmpfs'))
    throw noVault(
      'nix',
      keep && store === 'tmpfs' ? 'what is built is to be kept' : 'the store is to be that of a vault',
      keep && store === 'tmpfs' ? " Or say nix.keep: 'never'." : '',
    );
  const places = vault === null ? null : await vault.nixPlaces();
  const mounts = [readOnly(tools, nixPlaces.tools)];
  if (places !== null && store === 'tmpfs') mounts.push(readOnly(places.cache, nixPlaces.cache));
  if (places !== null && store === 'layer')
    mounts.push(readOnly(places.registrations, nixPlaces.registrations));
  if (places !== null && store === 'bind')
    for (const part of ['store', 'var'])
      mounts.push({ ...readOnly(`${places.shared}/${part}`, `/nix/${part}`), write: true });
  return {
    nix: {
      spec: nix,
      cache: places !== null && store === 'tmpfs',
      layer: places !== null && store === 'layer' ? places.layer : null,
      inbox: keep ? { shelf: store === 'layer' ? 'layer' : 'cache', bytes } : null,
      exclusive: store === 'bind',
    },
    mounts,
  };
}

function readOnly(host: string, at: string): CheckedHostMount {
  return { kind: 'host', index: -1, host, at, write: false, noExec: false, recursive: false };
}

/** How Nix is set up in a room, before what the spec says in NIX_CONFIG itself. Pure. */
export function nixEnvironment({ spec, cache, inbox }: ResolvedNix, env: CheckedEnv): CheckedEnv {
  const own = env.find(([name]) => name === 'NIX_CONFIG')?.[1];
  const lines = {
    'experimental-features': 'nix-command flakes',
    'build-users-group': '',
    'flake-registry': `${nixPlaces.tools}/registry.json`,
    sandbox: String(spec.sandbox),
    // Or Nix goes on without one when it cannot be made, and says nothing.
    'sandbox-fallback': 'false',
    // Nix switches it off where it sees no network, also for a cache that is a directory; nix.conf does not help, this does.
    substitute: 'true',
    substituters: cache ? `file://${nixPlaces.cache}?trusted=1` : '',
    ...(inbox === null ? {} : { 'post-build-hook': `${nixPlaces.tools}/keep` }),
  };
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}`);
  const others = env.filter(([name]) => name !== 'NIX_CONFIG');
  return [...others, ['NIX_CONFIG', [...text, ...(own === undefined ? [] : [own])].join('\n')]];
}

/** What is run in place of a command: tells Nix which paths are there, and becomes the command. Pure. */
export function nixCommand({ spec }: ResolvedNix, command: readonly string[]): readonly string[] {
  // The store of the vault knows its own, and not those of the plank, which lie below it.
  return spec.store === 'bind' ? command : [`${nixPlaces.tools}/enter`, ...command];
}

/** Only where the room has ids of its own does a proc without covers show nothing that is the host's to write. */
export function needsPlainProc(nix: ResolvedNix | null, identity: CheckedIdentity): boolean {
  return nix?.spec.sandbox === true && identity === 'mapped';
}
