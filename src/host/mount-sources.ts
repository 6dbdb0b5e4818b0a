import type { CheckedHostMount, CheckedIdentity, CheckedMount } from '../spec/checked.js';
import { RoomError } from '../errors.js';
import type { FileFacts, SourceFiles } from './files.js';
import type { IdmapProbes } from './idmap-probes.js';
import { unmappedOwner } from './owners.js';
import type { ResolutionNote, ResolvedBind, ResolvedMount, UsedGeneration } from './resolved-room.js';
import { followLinks } from './source-path.js';
import { resolveStored } from './stored-mounts.js';
import type { HostVault } from './vault.js';
import type { WrittenTrees } from './written-trees.js';

export interface ResolvedMounts {
  readonly mounts: readonly ResolvedMount[];
  readonly notes: readonly ResolutionNote[];
  readonly used: readonly UsedGeneration[];
}

/** What mounts are looked up with. */
export interface MountSources {
  readonly sources: SourceFiles;
  readonly idmaps: IdmapProbes;
  readonly written: WrittenTrees;
  readonly vault: HostVault | null;
}

/** Finds the sources of all mounts, in the order of the spec. */
export async function resolveMounts(
  mounts: readonly CheckedMount[],
  identity: CheckedIdentity,
  host: MountSources,
): Promise<ResolvedMounts> {
  const notes: ResolutionNote[] = [];
  const located = await Promise.all(
    mounts.map(async (mount) => (mount.kind === 'host' ? locate(mount, host.sources) : mount)),
  );
  // Those of this spec count as well: what will be refused the second time is better refused the first time.
  for (const place of located) {
    if (place.kind === 'located' && place.mount.write && !place.linksIn.some((at) => host.written.holds(at)))
      host.written.add(place.source);
  }
  const resolved = await Promise.all(
    located.map(async (place): Promise<ResolvedMount> => {
      if (place.kind === 'located') return resolveHostMount(place, identity, host, notes);
      if (place.kind === 'vault') return resolveStored(place, identity, host, notes);
      if (place.kind === 'dropzone') {
        const { kind, vault, at, keep, bytes, noExec, checkpoints } = place;
        return { kind, vault, at, keep, bytes, noExec, checkpoints, fd: -1 };
      }
      const { at, bytes, mode, noExec } = place;
      return { kind: 'tmpfs', at, bytes, mode, noExec };
    }),
  );
  const used = resolved.flatMap((mount, at) =>
    mount.kind === 'stored'
      ? [{ field: `mounts[${mounts[at]?.index ?? at}].vault`, reference: mount.reference }]
      : [],
  );
  return { mounts: resolved, notes, used };
}

async function resolveHostMount(
  { mount, source, facts, linksIn }: Located,
  identity: CheckedIdentity,
  host: MountSources,
  notes: ResolutionNote[],
): Promise<ResolvedBind> {
  const field = `mounts[${mount.index}]`;
  const planted = linksIn.find((at) => host.written.holds(at));
  if (planted !== undefined) throw plantedLink(mount, planted);
  const sourceKind = bindable(facts, mount, field);
  const { at, noExec, recursive } = mount;
  const bind = { kind: 'bind', source, sourceKind, at, noExec, recursive } as const;
  const access = mount.write ? 'write' : 'read';
  if (identity === 'host') return { ...bind, access, owner: null };

  if (await host.idmaps.test(facts.dev, source)) {
    if (mount.write && facts.uid === 0) {
      notes.push({
        field,
        text: `what the room writes to ${source} belongs to root on the host, as ${source} does`,
      });
    }
    return { ...bind, access, owner: { uid: facts.uid, gid: facts.gid } };
  }
  if (mount.write) {
    throw new RoomError(
      'ERR_ROOM_MOUNT_IDMAP',
      `${field}: the file system of ${source} takes no idmapped mount, so a room with ids of its own cannot write to it`,
      {
        path: source,
        hint: "use a directory on ext4, xfs, btrfs or another file system with idmapped mounts, mount it read-only, or set identity: 'host'",
      },
    );
  }
  notes.push(unmappedOwner(field, source));
  return { ...bind, access, owner: null };
}

/** A source that exists. */
interface Located {
  readonly kind: 'located';
  readonly mount: CheckedHostMount;
  /** Without links. */
  readonly source: string;
  readonly facts: FileFacts;
  /** Real paths of the directories in which a link was followed. */
  readonly linksIn: readonly string[];
}

async function locate(mount: CheckedHostMount, sources: SourceFiles): Promise<Located> {
  try {
    const { path: source, linksIn } = await followLinks(mount.host, sources);
    return { kind: 'located', mount, source, facts: await sources.stat(source), linksIn };
  } catch (error) {
    const { code, errno, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const what = sourceFaults[code] ?? `cannot be looked at (${code})`;
    throw new RoomError('ERR_ROOM_MOUNT_SOURCE', `mounts[${mount.index}].host: ${mount.host} ${what}`, {
      path: mount.host,
      ...(syscall === undefined ? {} : { syscall }),
      ...(errno === undefined ? {} : { errno }),
      cause: error,
    });
  }
}

/** A room that may write to a directory can put a link there that leads to any other one (CVE-2024-42472). */
function plantedLink(mount: CheckedHostMount, directory: string): RoomError {
  return new RoomError(
    'ERR_ROOM_MOUNT_SOURCE',
    `mounts[${mount.index}].host: ${mount.host} leads through a symbolic link in ${directory}, to which a room may write`,
    {
      path: mount.host,
      hint: 'If the link is yours and not the work of a room, name the place it leads to.',
    },
  );
}

const sourceFaults: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be reached by this process (EACCES)',
  ELOOP: 'has a circle of symbolic links in it',
  ENOTDIR: 'leads through something that is not a directory',
  ENAMETOOLONG: 'is too long',
};

/** A socket or FIFO is a door to a process of the host, a device one to the kernel: neither is a file to share. */
function bindable(facts: FileFacts, mount: CheckedHostMount, field: string): 'directory' | 'file' {
  if (facts.kind === 'directory' || facts.kind === 'file') return facts.kind;
  const kind = {
    block: 'a block device',
    character: 'a character device',
    fifo: 'a FIFO',
    socket: 'a socket',
  };
  const what = facts.kind === 'other' ? 'of an unknown kind' : kind[facts.kind];
  throw new RoomError(
    'ERR_ROOM_MOUNT_SOURCE',
    `${field}.host: ${mount.host} is ${what}; only files and directories can be mounted`,
    { path: mount.host },
  );
}
