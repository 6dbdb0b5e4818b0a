import type { Room } from '../../../src/index.js';
import { processIds, read } from '../../helpers/host-state.js';

/** A process of a room as the host sees it. */
export interface Seen {
  readonly pid: number;
  /** Real, effective, saved and file system id. */
  readonly uids: readonly number[];
  readonly status: string;
}

/** First id of a room's range on the host. */
export function baseOf(room: Room): number {
  const { identity } = room.granted;
  if (identity.kind === 'host') throw new Error('the room has the ids of the host');
  return identity.base;
}

/** Everything on the host that runs under an id of the range that begins at `base`. */
export function processesWithIds(base: number, size = 65_536): Seen[] {
  const mine = (id: number): boolean => id >= base && id < base + size;
  return processIds().flatMap((pid) => {
    const status = read(`/proc/${pid}/status`);
    const uids = (/^Uid:\s*(.*)$/m.exec(status)?.[1] ?? '').split('\t').map(Number);
    return uids.some(mine) ? [{ pid, uids, status }] : [];
  });
}

/** A field of /proc/PID/status. */
export function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}
