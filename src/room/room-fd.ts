import { close, constants, fchmod, fchown, fstat, open, read, write, type Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { RoomError, type FaultDetails } from '../errors.js';
import { printable } from './printable.js';

const openFd = promisify(open);
const closeFd = promisify(close);
const statFd = promisify(fstat) as (fd: number) => Promise<Stats>;
const readFd = promisify(read) as (
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: null,
) => Promise<{ bytesRead: number }>;
const writeFd = promisify(write) as (fd: number, data: Uint8Array) => Promise<{ bytesWritten: number }>;
const chownFd = promisify(fchown);
const chmodFd = promisify(fchmod);

/** O_NONBLOCK: opening a FIFO must not wait. O_NOCTTY: nor may a terminal become ours. O_NOFOLLOW: entries of a tree are what they are. */
export const ENTRY_FLAGS = constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW;

const CHUNK = 256 * 1024;

/** Ids of the host. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A file or directory that is open; everything goes through the descriptor, whatever its name means by now. */
export class RoomFd {
  readonly fd: number;
  #mountId: number | undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens one name of this directory; `name` holds no slash. */
  async openEntry(name: Buffer, flags: number, mode = 0): Promise<RoomFd> {
    return new RoomFd(await openFd(this.entry(name), flags | ENTRY_FLAGS, mode));
  }

  /** A path to one name of this directory, valid while it is open, for calls of `node:fs` that do not follow a last link. */
  entry(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.fd}/`), name]);
  }

  /** A path to this file itself. */
  get self(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  stat(): Promise<Stats> {
    return statFd(this.fd);
  }

  /** Of the mount that it was opened in. A device number does not tell: many mounts can be of one file system. */
  async mountId(): Promise<number> {
    if (this.#mountId === undefined) {
      const facts = await readFile(`/proc/self/fdinfo/${this.fd}`, 'latin1');
      const id = /^mnt_id:\s*(\d+)$/m.exec(facts)?.[1];
      if (id === undefined) throw new Error('fdinfo has no mnt_id');
      this.#mountId = Number(id);
    }
    return this.#mountId;
  }

  /** Chunks up to the end of the file; throws ERR_ROOM_FILE after `limit` bytes, however large the file claims to be. */
  async *chunks(limit: number, path: string): AsyncGenerator<Buffer, void, undefined> {
    for (let total = 0; ;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const { bytesRead } = await readFd(this.fd, buffer, 0, CHUNK, null);
      if (bytesRead === 0) return;
      total += bytesRead;
      if (total > limit) throw tooLarge(path, limit);
      yield buffer.subarray(0, bytesRead);
    }
  }

  async writeAll(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      const { bytesWritten } = await writeFd(this.fd, data.subarray(at));
      at += bytesWritten;
    }
  }

  /** For something new: whose it is, and exactly this mode. The umask of this process has no say in a room. */
  async giveTo(owner: Owner, mode: number): Promise<void> {
    await chownFd(this.fd, owner.uid, owner.gid);
    await this.chmod(mode);
  }

  chmod(mode: number): Promise<void> {
    return chmodFd(this.fd, mode & 0o7777);
  }

  close(): Promise<void> {
    return closeFd(this.fd);
  }
}

/** Opens a path of the host that the caller named: links in it are the caller's own. */
export async function openOnHost(path: string, flags: number): Promise<RoomFd> {
  return new RoomFd(await openFd(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY));
}

/** Closes what `work` was given, whatever happens. */
export async function using<T>(opened: Promise<RoomFd>, work: (file: RoomFd) => Promise<T>): Promise<T> {
  const file = await opened;
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

export function tooLarge(path: string, limit: number): RoomError {
  return fileError(`${JSON.stringify(path)} has more than ${limit} bytes`, path, {
    hint: 'Raise `maxBytes`.',
  });
}

export function fileError(message: string, path: string, details: FaultDetails = {}): RoomError {
  return new RoomError('ERR_ROOM_FILE', printable(message), { ...details, path });
}

/** The same for an error of node:fs, whose message ends with the path as it is. */
function makePrintable(error: Error): void {
  const { message, stack } = error;
  error.message = printable(message);
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
}

const known: ReadonlySet<string> = new Set(['ERR_ROOM_FILE', 'ERR_ROOM_ENDED', 'ERR_ROOM_CLOSED']);

/** Any failure of a file operation as ERR_ROOM_FILE; what already is one, and mistakes of the caller, stay what they are. */
export function asFileError(error: unknown, doing: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, syscall, errno } = error as NodeJS.ErrnoException;
  const { step } = error as Partial<RoomError>;
  if (typeof errno !== 'number' || (code !== undefined && known.has(code))) return error;
  makePrintable(error);
  const details: FaultDetails = { errno, cause: error };
  if (step !== undefined) details.step = step;
  if (syscall !== undefined) details.syscall = syscall;
  const hint = hints[errno];
  if (hint !== undefined) details.hint = hint;
  return fileError(`cannot ${doing} ${JSON.stringify(path)} in the room: ${error.message}`, path, details);
}

const hints: Readonly<Record<number, string>> = {
  [-28]: 'limits.disk or limits.files of the room is used up.', // ENOSPC
  [-75]: 'It lies in a mount of a host directory: use the path on the host.', // EOVERFLOW: our uid means nothing there
  [-6]: 'It is a FIFO, a socket or a device.', // ENXIO
};
