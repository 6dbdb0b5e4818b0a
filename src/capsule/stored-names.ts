// Names in a capsule are file names on every file system and the same for those that know no case, FAT32 included. What a file was called
// before stands in capsule.json.

/** Longest name; `.part-0000` may be added to it. */
const longestName = 64;

const partSuffix = /\.part-[0-9]{4}$/;

/** Names that FAT and exFAT refuse on other systems, with an extension as well. */
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;

const plainName = /^[a-z0-9][a-z0-9._-]*$/;

/** Directories within directories. */
const deepest = 32;

/** Whether a file that is not in parts keeps this name. */
export function isPlainName(name: string): boolean {
  return (
    plainName.test(name) &&
    name.length <= longestName &&
    !name.endsWith('.') &&
    !deviceName.test(name) &&
    !partSuffix.test(name)
  );
}

/** Whether it may be the path of a payload file of a capsule, parts included. */
export function isStoredPath(path: string): boolean {
  const names = path.split('/');
  const last = names.pop() ?? '';
  return names.length <= deepest && names.every(isPlainName) && isPlainName(last.replace(partSuffix, ''));
}

/** `my-model.gguf.part-0003`. */
export function partName(name: string, part: number): string {
  return `${name}.part-${String(part).padStart(4, '0')}`;
}

export function isPartName(path: string): boolean {
  return partSuffix.test(path);
}

/** Parts that a file can have. */
export const mostParts = 10_000;

/**
 * Paths below a directory, and what each is called in a capsule. Those that are good names keep them; the same paths always get the
 * same names. Pure.
 */
export function storedPaths(paths: readonly string[]): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  place(
    paths.map((path) => ({ path, names: path.split('/') })),
    '',
    stored,
  );
  return stored;
}

interface Rest {
  readonly path: string;
  /** What is left of it below the directory at hand. */
  readonly names: readonly string[];
}

function place(all: readonly Rest[], directory: string, stored: Map<string, string>): void {
  const children = new Map<string, Rest[]>();
  for (const { path, names } of all) {
    const [name = '', ...below] = names;
    const there = children.get(name);
    if (there === undefined) children.set(name, [{ path, names: below }]);
    else there.push({ path, names: below });
  }
  const taken = new Set([...children.keys()].filter(isPlainName));
  const inOrder = [...children].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [name, below] of inOrder) {
    const own = isPlainName(name) ? name : freeName(plain(name), taken);
    taken.add(own);
    const path = directory === '' ? own : `${directory}/${own}`;
    const inside = below.filter(({ names }) => names.length > 0);
    for (const { path: original, names } of below) if (names.length === 0) stored.set(original, path);
    if (inside.length > 0) place(inside, path, stored);
  }
}

/** As near to a name as a plain one can be. */
function plain(name: string): string {
  const letters = name
    .toLowerCase()
    .replace(partSuffix, (part) => `_${part.slice(1)}`)
    .replace(/[^a-z0-9._-]/g, '_')
    .replace(/\.+$/, (dots) => '_'.repeat(dots.length));
  const begun = /^[a-z0-9]/.test(letters) && !deviceName.test(letters) ? letters : `x${letters}`;
  return begun.length <= longestName ? begun : shortened(begun, '');
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const other = shortened(name, `-${number}`);
    if (!taken.has(other)) return other;
  }
}

/** With something before its extension, and not too long. */
function shortened(name: string, added: string): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : '';
  const stem = extension === '' ? name : name.slice(0, dot);
  return `${stem.slice(0, longestName - extension.length - added.length)}${added}${extension}`;
}
