import type { CheckedRlimit } from './checked.js';
import { child, conflict, keysOf, readFields, wrongType, wrongValue } from './field.js';

/** Names of setrlimit(2) in lower case, without RLIMIT_. */
export type RlimitName =
  | 'as'
  | 'core'
  | 'cpu'
  | 'data'
  | 'fsize'
  | 'memlock'
  | 'msgqueue'
  | 'nice'
  | 'nofile'
  | 'nproc'
  | 'rtprio'
  | 'rttime'
  | 'sigpending'
  | 'stack';

/**
 * One number for both limits, or `{ soft, hard }`; `'unlimited'` is RLIM_INFINITY. Defaults: core 0, nofile 1024 soft
 * and 4096 hard.
 */
export type RlimitsSpec = Partial<Readonly<Record<RlimitName, RlimitValue | RlimitPairSpec>>>;

export interface RlimitPairSpec {
  soft: RlimitValue;
  hard: RlimitValue;
}

/** In the unit of setrlimit(2): bytes, seconds (`cpu`), microseconds (`rttime`) or a count. */
export type RlimitValue = number | 'unlimited';

/** RLIMIT_* on x86-64. `rss` and `locks` are missing: no kernel since 2.6 enforces them. */
export const rlimitNumbers: Readonly<Record<RlimitName, number>> = Object.freeze({
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
});

/** All names, in the order of their numbers. */
export const rlimitNames: readonly RlimitName[] = Object.freeze(Object.keys(rlimitNumbers) as RlimitName[]);

export const rlimitPairKeys = keysOf<RlimitPairSpec>({ soft: true, hard: true });

const unlimited = -1;

/** Nothing of a room is dumped on the host, and select(2) works below 1024. */
const defaults: Partial<Record<RlimitName, readonly [soft: number, hard: number]>> = {
  core: [0, 0],
  nofile: [1024, 4096],
};

/** The kernel's own bound of fs.nr_open, above which it refuses `nofile` whoever asks. */
const mostFiles = 2_147_483_584;

/** All limits to set, in the order of their numbers, defaults included. */
export function parseRlimits(value: unknown, field: string): readonly CheckedRlimit[] {
  const fields = value === undefined ? null : readFields(value, field, rlimitNames);
  const rlimits: CheckedRlimit[] = [];
  for (const name of rlimitNames) {
    const given = fields?.[name];
    const pair = given === undefined ? defaults[name] : parsePair(given, child(field, name), name);
    if (pair !== undefined) rlimits.push({ resource: rlimitNumbers[name], soft: pair[0], hard: pair[1] });
  }
  return rlimits;
}

function parsePair(value: unknown, field: string, name: RlimitName): readonly [soft: number, hard: number] {
  if (typeof value !== 'object' || value === null) {
    const both = parseValue(value, field, name, ', or both as { soft, hard }');
    return [both, both];
  }
  const fields = readFields(value, field, rlimitPairKeys);
  const soft = parseValue(fields.soft, child(field, 'soft'), name);
  const hard = parseValue(fields.hard, child(field, 'hard'), name);
  if (hard !== unlimited && (soft === unlimited || soft > hard)) {
    const shown = soft === unlimited ? 'unlimited' : String(soft);
    throw conflict(child(field, 'soft'), `expected at most the hard limit, ${hard}, got ${shown}`);
  }
  return [soft, hard];
}

function parseValue(value: unknown, field: string, name: RlimitName, more = ''): number {
  const files = name === 'nofile';
  const most = files ? mostFiles : Number.MAX_SAFE_INTEGER;
  const expected = `a whole number from 0 to ${most}${files ? '' : ' or "unlimited"'}${more}`;
  if (typeof value === 'string') {
    if (value === 'unlimited' && !files) return unlimited;
    throw wrongValue(field, expected, value);
  }
  if (typeof value !== 'number') throw wrongType(field, expected, value);
  if (!Number.isInteger(value) || value < 0 || value > most) throw wrongValue(field, expected, value);
  return value + 0;
}
