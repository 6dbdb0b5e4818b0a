import { bwrap } from './bwrap.js';
import { childProcess } from './child-process.js';
import type { Contender } from './contender.js';
import { crun } from './crun.js';
import { floorPool, floorScratch, floorWarm } from './floor.js';
import { room } from './room.js';
import { runc } from './runc.js';

/** All contenders, in the order of the table. Add a new one here; see bench/README.md. */
export const contenders: readonly Contender[] = [
  room,
  childProcess,
  bwrap,
  crun,
  runc,
  floorScratch,
  floorPool,
  floorWarm,
];
