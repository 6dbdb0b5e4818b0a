import { wrongValue } from './field.js';
import { readText } from './scalar.js';
import { nearest } from './suggestion.js';
import { vaultKinds, type VaultKind } from './vault-kinds.js';

/** A name in a vault, and one generation of it or none in particular. */
export interface Reference {
  readonly kind: VaultKind;
  readonly name: string;
  readonly generation: number | null;
}

/** What a generation says of itself lies beside it under this name. */
export const metaName = 'meta.json';

const longestName = 64;
/** Directories of generations have four digits or more; this many changes take decades. */
const mostGenerations = 999_999_999;

/** Names that DOS keeps for devices, with or without an extension: FAT and exFAT refuse them elsewhere. */
const deviceNames = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;

/**
 * `kind/name` or `kind/name@generation`. A name is a file name on every file system, FAT included, and the same for those that
 * know no case: 1 to 64 of `a-z 0-9 . _ -`, first a letter or digit, last no dot.
 */
export function parseReference(value: unknown, field = 'reference'): Reference {
  const expected = 'kind/name or kind/name@generation, e.g. "models/tiny.gguf@3"';
  const text = readText(value, field, expected);
  const match = /^([^/@]*)\/([^/@]*)(?:@([^/@]*))?$/.exec(text);
  if (match === null) throw wrongValue(field, expected, text);
  const [, kind = '', name = '', digits] = match;
  return {
    kind: readKind(kind, field),
    name: readName(name, field),
    generation: readGeneration(digits, field),
  };
}

/** The same; null for what is none. */
export function readReference(text: string): Reference | null {
  try {
    return parseReference(text);
  } catch {
    return null;
  }
}

/** The same without a generation: what is about to get a new one. */
export function parseName(value: unknown, field = 'reference'): Reference {
  const reference = parseReference(value, field);
  if (reference.generation === null) return reference;
  throw wrongValue(field, 'kind/name without a generation, which the vault chooses', value);
}

/** The same with a generation. */
export function parseGeneration(value: unknown, field = 'reference'): Reference & { generation: number } {
  const { kind, name, generation } = parseReference(value, field);
  if (generation !== null) return { kind, name, generation };
  throw wrongValue(field, 'kind/name@generation', value);
}

export function readKind(kind: unknown, field: string): VaultKind {
  const text = readText(kind, field);
  const known = vaultKinds.find((candidate) => candidate === text);
  if (known !== undefined) return known;
  const near = nearest(text, vaultKinds);
  throw wrongValue(
    field,
    `a kind (${vaultKinds.join(', ')})`,
    text,
    near === null ? undefined : `${text}, did you mean ${near}?`,
  );
}

export function readName(name: string, field: string): string {
  const good = /^[a-z0-9][a-z0-9._-]*$/.test(name) && !name.endsWith('.') && name.length <= longestName;
  if (good && !deviceNames.test(name) && name !== metaName) return name;
  throw wrongValue(
    field,
    `a name of 1 to ${longestName} characters of a-z 0-9 . _ - that begins with a letter or digit and is a file name on every system`,
    name,
  );
}

function readGeneration(digits: string | undefined, field: string): number | null {
  if (digits === undefined) return null;
  const generation = /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : 0;
  if (generation >= 1 && generation <= mostGenerations) return generation;
  throw wrongValue(field, `a generation from 1 to ${mostGenerations}`, digits);
}

/** `models/tiny.gguf@3`, or without a generation as it is. */
export function referenceText({ kind, name, generation }: Reference): string {
  return generation === null ? `${kind}/${name}` : `${kind}/${name}@${generation}`;
}
