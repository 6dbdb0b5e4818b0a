import { keysOf, readFields, readObject, wrongType } from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readText } from '../spec/scalar.js';
import { Vault } from './vault.js';

/** The vault of an Anchor: its path, or that and the id that it has to have. */
export type AnchorVaultOption = string | { path: string; id?: string };

/** Takes the vault out of the options of an Anchor; the rest is about the host. */
export function takeVaultOption(options: unknown): { readonly vault: unknown; readonly host: unknown } {
  const entries = readObject(options, 'options');
  const vault = entries.get('vault');
  // One that is there and undefined is refused with the others: it is no Anchor without a vault.
  if (vault !== undefined) entries.delete('vault');
  return { vault, host: Object.fromEntries(entries) };
}

/** Opens it, if there is to be one. */
export async function openAnchorVault(option: unknown): Promise<Vault | null> {
  if (option === undefined) return null;
  if (typeof option === 'string') return Vault.open(readPath(option, 'vault', 'a path'));
  if (typeof option !== 'object') throw wrongType('vault', 'a path, or an object with one', option);
  const { path, id } = readFields(
    option,
    'vault',
    keysOf<Exclude<AnchorVaultOption, string>>({ path: true, id: true }),
  );
  return Vault.open(
    readPath(path, 'vault.path', 'a path'),
    id === undefined ? {} : { id: readText(id, 'vault.id') },
  );
}
