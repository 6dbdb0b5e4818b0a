import { constants } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import { readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path/posix';
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

/** open(2): names a file without opening it, so that a device or FIFO does nothing. `node:fs` has no name for it. */
const O_PATH = 0o10000000;

/** As many as the kernel follows: path_resolution(7). */
const MOST_LINKS = 40;

/**
 * Looks at what a room was made of, for one that is no more: the plank, and read-only mounts at their source. What lay
 * in writable mounts nobody can say afterwards. A link in a mount means what it meant in the room: it is never followed on the host.
 */
export function plankHeads(launcher: Launcher, plan: Plan): HeadReader {
  const { lower } = plan.root;
  const look = async (path: string, links: number): Promise<Uint8Array | null> => {
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
    const found = await findBelow(mount.source, real.slice(mount.target.length));
    if (found === null || 'head' in found) return found?.head ?? null;
    if (links === MOST_LINKS) return null;
    return look(resolve(mount.target, found.directory, found.to, found.rest), links + 1);
  };
  return (path) => orAbsent(() => look(path, 0));
}

type Found =
  | { readonly head: Uint8Array }
  /** A link on the way: the directory it lies in, where it leads, and what is left of the path. */
  | { readonly directory: string; readonly to: string; readonly rest: string };

/** Walks to a regular file one name at a time, down from `/`, and stops at a link. */
async function findBelow(source: string, path: string): Promise<Found | null> {
  const names = [...namesOf(source), ...namesOf(path)];
  const inSource = namesOf(source).length;
  let at = await openOnHost('/', O_PATH);
  try {
    for (const [index, word] of names.entries()) {
      const name = Buffer.from(word);
      const next = await at.openEntry(name, O_PATH);
      const above = at;
      at = next;
      try {
        if (!(await next.stat()).isSymbolicLink()) continue;
        // The source had no link in it when it was mounted.
        if (index < inSource) throw new Error('out of sight');
        return {
          directory: names.slice(inSource, index).join('/'),
          to: await readlink(above.entry(name), 'utf8'),
          rest: names.slice(index + 1).join('/'),
        };
      } finally {
        await above.close();
      }
    }
    if (!(await at.stat()).isFile()) return null;
    const head = await readHead(await openOnHost(at.self, constants.O_RDONLY));
    return head === null ? null : { head };
  } finally {
    await at.close();
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
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
