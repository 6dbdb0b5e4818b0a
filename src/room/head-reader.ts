import { constants } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import { join } from 'node:path/posix';
import type { Plan } from '../../types/plan.js';
import type { Launcher } from '../addon/native-anchor.js';
import { MOUNT_ATTR_RDONLY } from '../plan/mount-attributes.js';
import type { HeadReader } from './explain-start.js';
import { HEAD_BYTES } from './missing.js';
import { openOnHost, RoomFd, using } from './room-fd.js';

const { errno: errnos } = systemConstants;

/** Looks into a living room. */
export function roomHeads(launcher: Launcher, room: number): HeadReader {
  return (path) =>
    orAbsent(async () => readHead(new RoomFd(await launcher.openBelow(room, path, constants.O_RDONLY, 0))));
}

/**
 * Looks at what a room was made of, for one that is no more: the plank, and read-only mounts at their source. What lay
 * in writable mounts nobody can say afterwards.
 */
export function plankHeads(launcher: Launcher, plan: Plan): HeadReader {
  const { lower } = plan.root;
  return async (path) => {
    const real = followSkeleton(plan, path);
    const mount = [...plan.kernelMounts, ...plan.mounts].findLast(
      ({ target }) => real === target || real.startsWith(`${target}/`),
    );
    if (mount === undefined) {
      if (lower.kind === 'skeleton') return null;
      return launcher.readPlankFile(lower, real, HEAD_BYTES);
    }
    if (mount.kind !== 'bind' || (mount.attributes & MOUNT_ATTR_RDONLY) === 0)
      throw new Error('out of sight');
    const source = join(mount.source, real.slice(mount.target.length));
    return orAbsent(async () => readHead(await openOnHost(source, constants.O_RDONLY)));
  };
}

/** `/bin/sh` is `/usr/bin/sh` where the skeleton says so. */
function followSkeleton({ root: { lower } }: Plan, path: string): string {
  if (lower.kind !== 'skeleton') return path;
  for (const entry of lower.entries) {
    if (entry.kind === 'link' && path.startsWith(`/${entry.path}/`)) {
      return join('/', entry.to, path.slice(entry.path.length + 1));
    }
  }
  return path;
}

async function readHead(file: RoomFd): Promise<Uint8Array | null> {
  return using(Promise.resolve(file), async (open) => {
    if (!(await open.stat()).isFile()) return null;
    for await (const chunk of open.chunks(Infinity, '')) return chunk.subarray(0, HEAD_BYTES);
    return new Uint8Array();
  });
}

/** Not being there is an answer, any other failure is none. */
async function orAbsent(read: () => Promise<Uint8Array | null>): Promise<Uint8Array | null> {
  try {
    return await read();
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === -errnos.ENOENT || errno === -errnos.ENOTDIR) return null;
    throw error;
  }
}
