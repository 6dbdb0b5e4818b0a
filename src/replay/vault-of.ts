import type { Anchor } from '../anchor.js';
import { RoomError } from '../errors.js';
import type { Vault } from '../vault/vault.js';

/** The vault of an Anchor. Throws ERR_ROOM_NO_VAULT; `what` is what should be in it. */
export function vaultOf({ vault }: Anchor, what: string): Vault {
  if (vault !== null) return vault;
  throw new RoomError('ERR_ROOM_NO_VAULT', `${what}: the Anchor was opened without a vault`, {
    hint: "Open it with one: Anchor.open({ vault: '/path' }).",
  });
}

/** `planks/tools@3` as the plank of a spec. Pure. */
export function plankInVault(reference: string): string {
  return reference.slice('planks/'.length);
}
