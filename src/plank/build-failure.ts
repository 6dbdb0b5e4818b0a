import { constants } from 'node:os';
import { RoomError, type FaultDetails } from '../errors.js';
import type { ToolEnd } from './tool.js';

/** An ERR_ROOM_PLANK_BUILD. */
export function buildFailure(message: string, details: FaultDetails = {}): RoomError {
  return new RoomError('ERR_ROOM_PLANK_BUILD', message, details);
}

/** An ERR_ROOM_PLANK_BUILD from an error of Node's fs or of a stream; errors of this package are returned as they are. */
export function systemFailure(error: unknown, message: string, details: FaultDetails = {}): Error {
  if (error instanceof RoomError) return error;
  const { code, errno, syscall, message: text } = error as NodeJS.ErrnoException;
  return buildFailure(`${message}: ${code ?? text}`, {
    ...(errno === undefined ? {} : { errno }),
    ...(syscall === undefined ? {} : { syscall }),
    ...(code === 'ENOSPC' ? { hint: fullHint } : {}),
    ...details,
    cause: error,
  });
}

const fullHint = 'free space, or choose another output or temporary directory';

/** What the programs print for an errno under LC_ALL=C; erofs-utils print the number. */
const knownTexts: readonly (readonly [RegExp, errno: number, what: string, hint: string])[] = [
  [
    /No space left on device|\[Error 28\]|out of space/i,
    constants.errno.ENOSPC,
    'the disk is full',
    fullHint,
  ],
  [/Disk quota exceeded|\[Error 122\]/, constants.errno.EDQUOT, 'the disk quota is used up', fullHint],
  [
    /Permission denied|\[Error -?13\]|Failed to read file|Could not open/,
    constants.errno.EACCES,
    'a file of the source cannot be read',
    'read it as its owner or as root; a file that changes while it is read fails too',
  ],
];

/** An ERR_ROOM_PLANK_BUILD from a program that failed: its last lines, and a hint where the reason is known. */
export function toolFailure(tool: string, end: ToolEnd, step: string, path: string): RoomError {
  const said = end.stderr.split('\n').filter((line) => line.trim() !== '');
  const tail = said.slice(-4).join('; ').replaceAll(/\s+/g, ' ').trim();
  const known = knownTexts.find(([pattern]) => pattern.test(end.stderr));
  const message = `${tool} ${end.how}${known ? `, ${known[2]}` : ''}${tail === '' ? '' : `: ${tail}`}`;
  return buildFailure(message, { step, path, ...(known ? { errno: -known[1], hint: known[3] } : {}) });
}
