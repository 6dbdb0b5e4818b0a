import { randomInt } from 'node:crypto';
import { RoomError } from '../errors.js';

/** Ids of one room: 0 to 65535, so that `nobody` (65534) has a place. */
export const idsPerRoom = 65_536;

/**
 * The ids that systemd sets aside for containers with dynamic ranges (https://systemd.io/UIDS-GIDS/). No distribution
 * gives them to people, and systemd-nspawn looks into the user database before it takes one.
 */
export const firstContainerId = 524_288;
export const lastContainerId = 1_878_982_655;

const slotsPerBlock = 64;
const idsPerBlock = idsPerRoom * slotsPerBlock;
const blockCount = Math.floor((lastContainerId - firstContainerId + 1) / idsPerBlock);

/**
 * Holds a name for this process as long as it lives, so that two Anchors, in one process or in two, never share ids:
 * null when somebody else has it. The addon's abstract socket names do that, and the kernel gives them back by itself.
 * They are seen within one network namespace.
 */
export interface NameClaims {
  claim(name: string): number | null;
  release(claim: number): void;
}

interface Block {
  readonly claim: number;
  readonly first: number;
  readonly free: number[];
}

/**
 * Hands out ranges of host ids. A range belongs to one room until that room is removed; the block it came from goes back
 * when its last room is gone, but for one that is kept because the next room is likely to come soon.
 */
export class IdRanges {
  readonly #claims: NameClaims;
  readonly #random: (below: number) => number;
  readonly #blocks = new Map<number, Block>();
  #closed = false;

  constructor(claims: NameClaims, random: (below: number) => number = (below) => randomInt(below)) {
    this.#claims = claims;
    this.#random = random;
  }

  /** First id of a range of `idsPerRoom`. */
  take(): number {
    if (this.#closed) throw new RoomError('ERR_ROOM_CLOSED', 'the Anchor is closed');
    for (const block of this.#blocks.values()) {
      // The one that has rested longest: whatever outlives a room by a moment meets no new one.
      const slot = block.free.shift();
      if (slot !== undefined) return block.first + slot * idsPerRoom;
    }
    const block = this.#claimBlock();
    const slot = block.free.shift() ?? 0;
    return block.first + slot * idsPerRoom;
  }

  /** Gives back what `take` returned. */
  release(base: number): void {
    const offset = base - firstContainerId;
    const index = Math.floor(offset / idsPerBlock);
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    const slot = (base - block.first) / idsPerRoom;
    if (!Number.isInteger(slot) || block.free.includes(slot)) return;
    block.free.push(slot);
    if (block.free.length === slotsPerBlock && (this.#closed || this.#hasOtherFree(block)))
      this.#drop(index, block);
  }

  /** Gives back every block that no room uses; the others follow their last room. */
  close(): void {
    this.#closed = true;
    for (const [index, block] of this.#blocks) {
      if (block.free.length === slotsPerBlock) this.#drop(index, block);
    }
  }

  /** From a random place on: Anchors that start together would otherwise all try the same names. */
  #claimBlock(): Block {
    const start = this.#random(blockCount);
    for (let step = 0; step < blockCount; step++) {
      const index = (start + step) % blockCount;
      if (this.#blocks.has(index)) continue;
      const claim = this.#claims.claim(`anchor-rooms/ids/${index}`);
      if (claim === null) continue;
      const free = Array.from({ length: slotsPerBlock }, (_, slot) => slot);
      const block = { claim, first: firstContainerId + index * idsPerBlock, free };
      this.#blocks.set(index, block);
      return block;
    }
    throw new RoomError(
      'ERR_ROOM_IDS_EXHAUSTED',
      `all ${blockCount * slotsPerBlock} ranges of user ids are in use`,
      { hint: 'end some rooms, or other programs on this host that hold ranges' },
    );
  }

  #hasOtherFree(block: Block): boolean {
    for (const other of this.#blocks.values()) if (other !== block && other.free.length > 0) return true;
    return false;
  }

  #drop(index: number, block: Block): void {
    this.#blocks.delete(index);
    this.#claims.release(block.claim);
  }
}
