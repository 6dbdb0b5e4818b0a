import { dirname, join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import { syncDirectory } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';

/** Reads files back from the device and compares them with what was written. Throws ERR_VAULT_DAMAGED. */
export async function readBack(
  addon: Addon,
  root: string,
  written: ReadonlyMap<string, string>,
  total: number,
  options: TransferOptions,
): Promise<void> {
  const paths = [...written.keys()].sort();
  const files = paths.map((source) => ({ source, target: '', expected: '', mode: 0 }));
  const order = { root, files, sha256: true, blake3: false, sparse: false, pastCache: true };
  const results = await runTransfer(addon, order, { phase: 'verify', total }, options);
  const wrong = paths.find((file, i) => results[i]?.sha256 !== written.get(file));
  if (wrong === undefined) return;
  throw new RoomError('ERR_VAULT_DAMAGED', `${wrong} was read back with other bytes than were written`, {
    path: join(root, wrong),
    hint: 'The device does not keep what it is given; do not use it for anything.',
  });
}

/** A name is on the disk when its directory is: the deepest first. */
export async function syncDirectories(root: string, files: readonly string[]): Promise<void> {
  const all = new Set<string>();
  for (const file of files) for (let up = dirname(file); up !== '.'; up = dirname(up)) all.add(up);
  const deepestFirst = [...all].sort((left, right) => right.length - left.length);
  for (const directory of [...deepestFirst.map((up) => join(root, up)), root])
    await attempt('vault.target', directory, () => syncDirectory(directory));
}
