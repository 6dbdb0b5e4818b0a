import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoomLane } from '../lanes/room.js';
import { paths } from '../paths.js';
import type { Contender } from './contender.js';

function library(name: string, differs: string, lane: Omit<RoomLane, 'plank'>): Contender {
  return {
    name,
    async prepare(workshop) {
      const manifest = JSON.parse(await readFile(join(paths.repository, 'package.json'), 'utf8')) as {
        version: string;
      };
      return {
        version: `anchor-rooms ${manifest.version}`,
        differs,
        lane: [process.execPath, paths.roomLane, JSON.stringify({ plank: workshop.plank, ...lane })],
      };
    },
  };
}

/** The library: a default room, with no network but loopback. The same spec each time, so that one waits for it. */
export const room = library(
  'room',
  'the default room: also devpts, /dev/shm, mqueue, sysfs, a PID 1 of its own; made ahead as `reserve` does it by default',
  {},
);

/** With nothing made ahead: what the first room of a program costs, or one of a burst that is longer than the reserve. */
export const roomCold = library('room-cold', 'as room; nothing was made before the request', { reserve: 0 });

/** The same room from a pool that is full when it is asked. */
export const pool = library('pool', 'as room; everything but the command was done before the request', {
  pool: 8,
});
