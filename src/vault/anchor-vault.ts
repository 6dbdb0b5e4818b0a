import { keysOf, readFields, readObject, wrongType } from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readFlag, readText } from '../spec/scalar.js';
import { Vault } from './vault.js';

/** The vault of an Anchor: its path, or more than that. */
export type AnchorVaultOption =
  | string
  | {
      path: string;
      /** Refuses any other vault than the one with this id. */
      id?: string;
      /**
       * Its audit log tells of every room of the Anchor: what it has of the vault, and how it ended. `spawn()` resolves when that it began is
       * on the disk; that it ended is there when the Anchor is closed, and before anything that is done with `anchor.vault` after the room's
       * end. Default false.
       */
      record?: boolean;
    };

/** An open vault, and whether it is told of rooms. */
export interface AnchorVault {
  readonly vault: Vault | null;
  readonly record: boolean;
}

/** Takes the vault out of the options of an Anchor; the rest is about the host. */
export function takeVaultOption(options: unknown): { readonly vault: unknown; readonly host: unknown } {
  const entries = readObject(options, 'options');
  const vault = entries.get('vault');
  // One that is there and undefined is refused with the others: it is no Anchor without a vault.
  if (vault !== undefined) entries.delete('vault');
  return { vault, host: Object.fromEntries(entries) };
}

/** Opens it, if there is to be one. */
export async function openAnchorVault(option: unknown): Promise<AnchorVault> {
  if (option === undefined) return { vault: null, record: false };
  if (typeof option === 'string')
    return { vault: await Vault.open(readPath(option, 'vault', 'a path')), record: false };
  if (typeof option !== 'object') throw wrongType('vault', 'a path, or an object with one', option);
  const { path, id, record } = readFields(
    option,
    'vault',
    keysOf<Exclude<AnchorVaultOption, string>>({ path: true, id: true, record: true }),
  );
  const recording = readFlag(record, 'vault.record', false);
  const vault = await Vault.open(
    readPath(path, 'vault.path', 'a path'),
    id === undefined ? {} : { id: readText(id, 'vault.id') },
  );
  return { vault, record: recording };
}
