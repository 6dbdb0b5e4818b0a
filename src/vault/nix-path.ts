/** What is known of a path in a store of Nix. */
export interface NixPath {
  /** Below /nix/store. */
  readonly name: string;
  /** Of its archive: hex digits. */
  readonly sha256: string;
  readonly bytes: number;
  /** Names of the paths that it refers to, itself perhaps among them. */
  readonly references: readonly string[];
}

const store = '/nix/store/';
const form = /^[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]{1,211}$/;

/** Whether that is a name that Nix gives. Never a path, nor hidden. */
export function isStoreName(name: string): boolean {
  return form.test(name);
}

/** Reads what `nix-store --dump-db PATH` says. Null: it is something else. Pure. */
export function readRegistration(text: string): NixPath | null {
  const [path = '', sha256 = '', size = '', , count = '', ...rest] = text.split('\n');
  const name = nameOf(path);
  const references = rest.slice(0, -1).map(nameOf);
  const bytes = Number(size);
  const good =
    name !== null &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    /^[1-9][0-9]{0,15}$/.test(size) &&
    count === String(references.length) &&
    rest.at(-1) === '' &&
    references.every((each) => each !== null);
  return good ? { name, sha256, bytes, references } : null;
}

/** What `nix-store --load-db` reads. The deriver is left out: nobody has it. Pure. */
export function registrationText({ name, sha256, bytes, references }: NixPath): string {
  const lines = [store + name, sha256, String(bytes), '', String(references.length)];
  return `${[...lines, ...references.map((each) => store + each)].join('\n')}\n`;
}

/** What a binary cache says of a path. Pure. */
export function narInfoText({ name, sha256, bytes, references }: NixPath): string {
  return [
    `StorePath: ${store}${name}`,
    `URL: nar/${sha256}.nar`,
    'Compression: none',
    `FileHash: sha256:${sha256}`,
    `FileSize: ${bytes}`,
    `NarHash: sha256:${sha256}`,
    `NarSize: ${bytes}`,
    `References: ${references.join(' ')}`,
    '',
  ].join('\n');
}

/** Reads it again. Null: it is something else. Pure. */
export function readNarInfo(text: string): NixPath | null {
  const fields = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)] as const;
    }),
  );
  const get = (key: string): string => fields.get(key) ?? '';
  const references = get('References')
    .split(' ')
    .filter((each) => each !== '');
  const known = {
    name: nameOf(get('StorePath')) ?? '',
    sha256: get('NarHash').replace(/^sha256:/, ''),
    bytes: Number(get('NarSize')),
    references,
  };
  return narInfoText(known) === text && isStoreName(known.name) ? known : null;
}

function nameOf(path: string): string | null {
  const name = path.startsWith(store) ? path.slice(store.length) : '';
  return isStoreName(name) ? name : null;
}
