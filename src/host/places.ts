import type { IdentityPlan } from '../../types/plan.js';
import type { CheckedIdentity } from '../spec/checked.js';
import { idsPerRoom, type IdRanges } from './ids.js';

/** What a room is before it is for anything: a name and ids that no other room has. */
export interface RoomPlace {
  /** Also the name of the cgroup leaf. `[a-z0-9-]`, at most 48 characters. */
  readonly id: string;
  /** With `mapped`: a range of host ids that the room holds until it is removed; see `IdRanges`. */
  readonly identity: IdentityPlan;
  /** A blank room of that id waits in native code. */
  readonly prepared: boolean;
}

/** Where rooms get their places. Whoever takes one gives its ids back once the room is removed. */
export interface RoomPlaces {
  take(identity: CheckedIdentity): RoomPlace;
}

/** Places with nothing made ahead. */
export class FreshPlaces implements RoomPlaces {
  readonly #ids: IdRanges;
  readonly #prefix: string;
  #rooms = 0;

  /** `prefix` makes the names differ from those of any other Anchor. */
  constructor(ids: IdRanges, prefix: string) {
    this.#ids = ids;
    this.#prefix = prefix;
  }

  take(identity: CheckedIdentity): RoomPlace {
    const ids: IdentityPlan =
      identity === 'mapped' ? { kind: 'mapped', base: this.#ids.take(), size: idsPerRoom } : { kind: 'host' };
    return { id: `room-${this.#prefix}-${++this.#rooms}`, identity: ids, prepared: false };
  }

  giveBack({ identity }: Pick<RoomPlace, 'identity'>): void {
    if (identity.kind === 'mapped') this.#ids.release(identity.base);
  }
}
