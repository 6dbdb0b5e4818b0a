import type { RoomCalls } from './trace.js';

/** System calls per room: for each role, by name. */
export type CallTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** More calls of a role than this above the baseline are a loss; fewer are none. */
export const margin = 2;

/**
 * For each call the number that most of the rooms needed. A race adds a look here or saves a read there, but not for most:
 * what is left is the same on an idle and on a busy machine.
 */
export function usualCalls(rooms: readonly RoomCalls[]): CallTable {
  const roles = [...new Set(rooms.flatMap((room) => [...room.keys()]))].sort();
  const table = roles.map((role): [string, Record<string, number>] => {
    const names = [...new Set(rooms.flatMap((room) => [...(room.get(role)?.keys() ?? [])]))].sort();
    const counts = names.map((name): [string, number] => {
      return [name, mostFrequent(rooms.map((room) => room.get(role)?.get(name) ?? 0))];
    });
    return [role, Object.fromEntries(counts.filter(([, count]) => count > 0))];
  });
  return Object.fromEntries(table);
}

/** The smaller of two that are as frequent. */
function mostFrequent(values: readonly number[]): number {
  const times = new Map<number, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  const [best] = [...times].sort(([a, often], [b, oftener]) => oftener - often || a - b);
  return best?.[0] ?? 0;
}

export interface RoleVerdict {
  readonly role: string;
  readonly now: number;
  readonly baseline: number;
  readonly lost: boolean;
  /** Calls that there are more or fewer of, as `openat +3`. */
  readonly changes: readonly string[];
}

/** Role by role; roles that are new or gone too. */
export function compareCalls(now: CallTable, baseline: CallTable): RoleVerdict[] {
  const roles = new Set([...Object.keys(baseline), ...Object.keys(now)]);
  return [...roles].map((role) => {
    const [today, then] = [now[role] ?? {}, baseline[role] ?? {}];
    const names = [...new Set([...Object.keys(then), ...Object.keys(today)])].sort();
    const changes = names.flatMap((name) => {
      const change = (today[name] ?? 0) - (then[name] ?? 0);
      return change === 0 ? [] : [`${name} ${change > 0 ? '+' : '−'}${Math.abs(change)}`];
    });
    const [nowTotal, thenTotal] = [total(today), total(then)];
    return { role, now: nowTotal, baseline: thenTotal, lost: nowTotal > thenTotal + margin, changes };
  });
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
