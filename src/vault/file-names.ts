/** Longest name of a file on every file system that a vault or a capsule may be on. */
const longestName = 255;

/**
 * Why a vault does not keep a file of this name, or null. Refused is what shows a person something else than there is (control
 * characters, a change of direction), and what is no text at all.
 */
export function refusedName(path: Uint8Array): string | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(path);
  } catch {
    return 'its name is no UTF-8';
  }
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) return 'its name has a control character in it';
  if (/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text))
    return 'its name changes the direction of writing';
  for (const name of text.split('/')) {
    if (Buffer.byteLength(name) > longestName) return 'its name is too long';
  }
  return null;
}

/** A name as it can be shown: what is no printable text is escaped. */
export function shownName(path: Uint8Array): string {
  return JSON.stringify(Buffer.from(path).toString('utf8')).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
