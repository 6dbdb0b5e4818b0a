import { keysOf } from './field.js';
import type { LimitsSpec } from './limits.js';
import type { RoomSpec } from './room-spec.js';

/** The rooms of a pool: a RoomSpec whose command may be left to `take()`. */
export type PoolSpec = Omit<RoomSpec, 'command'> & Partial<Pick<RoomSpec, 'command'>>;

/** How a pool is kept. Plain JSON. */
export interface PoolOptions {
  /** Rooms that wait, 1 to 256; each takes about 0.4 MB of kernel memory and three descriptors. Default 8. */
  size?: number;
  /**
   * When rooms are made for those that were taken. `eager` (default): at once, one after the other, on a thread of low priority.
   * `idle`: in moments in which nothing is spawned or taken.
   */
  refill?: 'eager' | 'idle';
}

/**
 * What may still be decided about a room that waits. What is absent is as the spec of the pool has it; everything else is
 * what the room was made from.
 */
export interface TakeOptions extends Partial<
  Pick<RoomSpec, 'command' | 'env' | 'cwd' | 'stdio' | 'lifetime'>
> {
  /** Those that are left out stay. `disk` and `files` were fixed when the room was made. */
  limits?: Omit<LimitsSpec, 'disk' | 'files'>;
}

export const poolOptionKeys = keysOf<PoolOptions>({ size: true, refill: true });

export const takeOptionKeys = keysOf<TakeOptions>({
  command: true,
  env: true,
  cwd: true,
  stdio: true,
  lifetime: true,
  limits: true,
});
