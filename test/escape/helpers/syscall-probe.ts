import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import type { RoomSpec } from '../../../src/index.js';
import { syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';
import type { Rooms } from '../../helpers/room.js';
import { attack } from './hostile-program.js';

/** A syscall in the table of docs/seccomp.md. */
export interface Documented {
  /** Errors of its rows. */
  readonly errors: readonly string[];
  /** One of the rows has no condition. */
  readonly always: boolean;
}

/**
 * The table of docs/seccomp.md by the names in it. The text and not what it was made from: a row that vanishes from the
 * source still stands here.
 */
export function documentedProfile(): ReadonlyMap<string, Documented> {
  const text = readFileSync('docs/seccomp.md', 'utf8');
  const [, table = ''] = /<!-- profile:[^\n]*-->\n(.*?)<!-- \/profile -->/s.exec(text) ?? [];
  const found = new Map<string, Documented>();
  for (const line of table.split('\n')) {
    const [, names, when, error] = /^\| (`[^|]*`) \| ([^|]+) \| (E[A-Z]+) \|/.exec(line) ?? [];
    if (names === undefined || error === undefined) continue;
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) {
      const before = found.get(name);
      found.set(name, {
        errors: [...(before?.errors ?? []), error],
        always: (before?.always ?? false) || when === 'always',
      });
    }
  }
  return found;
}

/** Names by number. */
export const namesByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name]),
);

/** What the filter of a room says: `allow`, an error, `killed` or `unfiltered`, by what was asked. See verdicts.c. */
export async function verdicts(
  t: ExecutionContext,
  rooms: Rooms,
  words: readonly string[],
  more: Partial<RoomSpec> = {},
): Promise<ReadonlyMap<string, string>> {
  const said = await attack(t, rooms, ['verdicts', ...words], more);
  return new Map(said.map((line) => line.split(' ') as [string, string]));
}
