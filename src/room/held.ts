import { holdStored, type GenerationHold, type HostVault } from '../host/vault.js';
import type { UsedGeneration } from '../host/resolved-room.js';

/** What a room holds of the vault for as long as there is anything of it. */
export interface Held {
  /** Never fails. */
  release(): Promise<void>;
}

/** Nearly every room. */
export const nothingHeld: Held = Object.freeze({ release: () => Promise.resolve() });

/** Holds all of what a room uses, or nothing. `holder` is what those are told who want to remove it. */
export async function holdUsed(
  vault: HostVault | null,
  used: readonly UsedGeneration[],
  holder: string,
): Promise<Held> {
  if (vault === null) throw new Error('a spec that names a vault was not refused');
  const holds: GenerationHold[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(holds.splice(0).map((hold) => hold.release()));
  };
  try {
    for (const generation of used) holds.push(await holdStored(vault, generation, `room ${holder}`));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}
