import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../paths.js';
import type { Contender } from './contender.js';

/** The library: a default room, with no network but loopback. */
export const room: Contender = {
  name: 'room',
  async prepare(workshop) {
    const manifest = JSON.parse(await readFile(join(paths.repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    return {
      version: `anchor-rooms ${manifest.version}`,
      differs: 'the default room: also devpts, /dev/shm, mqueue, sysfs, a PID 1 of its own',
      lane: [process.execPath, paths.roomLane, workshop.plank],
    };
  },
};
