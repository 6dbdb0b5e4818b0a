import { bwrap } from './bwrap.js';
import { childProcess } from './child-process.js';
import type { Contender } from './contender.js';
import { crun } from './crun.js';
import { floorPool, floorScratch, floorWarm } from './floor.js';
import { isolate } from './isolate.js';
import { nsjail } from './nsjail.js';
import { nspawn } from './nspawn.js';
import { pool, room, roomCold } from './room.js';
import { runc } from './runc.js';

/** All contenders, in the order of the table. Add a new one here; see bench/README.md. */
export const contenders: readonly Contender[] = [
  room,
  roomCold,
  pool,
  childProcess,
  bwrap,
  crun,
  runc,
  nsjail,
  isolate,
  nspawn,
  floorScratch,
  floorPool,
  floorWarm,
];

/** Those with these names, in the order of the table; throws RangeError for a name that nobody has. */
export function contendersNamed(names: readonly string[]): readonly Contender[] {
  const unknown = names.find((name) => !contenders.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw new RangeError(`no contender '${unknown}' among ${contenders.map(({ name }) => name).join(', ')}`);
  }
  return contenders.filter(({ name }) => names.includes(name));
}
