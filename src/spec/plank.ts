import type { CheckedPlank } from './checked.js';
import { conflict, wrongType, wrongValue } from './field.js';
import { readPath } from './path.js';
import { readText } from './scalar.js';
import { readReference, referenceText } from './vault-reference.js';

const expectedPlank =
  '"host", the path of an image (*.sqsh, *.erofs, or anything with a slash), or the name of a plank in the vault (name or name@generation)';

/**
 * `'host'`, a path, or a name in the vault: a bare word never means a file in whatever directory this process happens to be in,
 * unless it ends as an image does.
 */
export function parsePlank(value: unknown, field: string): CheckedPlank {
  const path = readPath(value, field, expectedPlank);
  if (path === 'host') return { kind: 'host' };
  if (!path.includes('/') && !/\.(sqsh|erofs)$/.test(path)) return parsePlankName(path, field);
  if (path.endsWith('/')) throw wrongValue(field, 'the path of a file', path);
  return { kind: 'image', path };
}

function parsePlankName(text: string, field: string): CheckedPlank {
  const reference = readReference(`planks/${text}`);
  if (reference === null) throw wrongValue(field, expectedPlank, text);
  return { kind: 'vault', reference: referenceText(reference) };
}

const expectedDigest = '"sha256:" and 64 hex digits';

/** The hex digits of a digest, in lower case. */
export function parseDigest(value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, expectedDigest, value);
  const [, digits] = /^sha256:([0-9a-fA-F]{64})$/.exec(readText(value, field)) ?? [];
  if (digits === undefined) throw wrongValue(field, expectedDigest, value);
  return digits.toLowerCase();
}

/** The digest of a spec's plank, if there is one. The host's own tree has none that could be checked. */
export function parsePlankDigest(value: unknown, field: string, plank: CheckedPlank): string | null {
  if (value === undefined) return null;
  const digest = parseDigest(value, field);
  if (plank.kind === 'host') throw conflict(field, 'expected no digest together with plank "host", got one');
  return digest;
}
