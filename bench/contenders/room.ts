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

/** The library: a default room, with no network but loopback. */
export const room = library(
  'room',
  'the default room: also devpts, /dev/shm, mqueue, sysfs, a PID 1 of its own',
  {},
);

/** The same room from a pool that is full when it is asked. */
export const pool = library('pool', 'as room; everything but the command was done before the request', {
  pool: 8,
});
