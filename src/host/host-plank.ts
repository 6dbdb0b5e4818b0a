import { createHash } from 'node:crypto';
import { join } from 'node:path/posix';
import type { LowerPlan, SkeletonEntry } from '../../types/plan.js';
import { RoomError } from '../errors.js';
import type { HostFiles } from './files.js';
import type { ResolvedBind } from './resolved-room.js';

/** The plank `'host'`: a small tree of our own with the host's programs bound into it. */
export interface HostPlank {
  readonly lower: Extract<LowerPlan, { kind: 'skeleton' }>;
  readonly binds: readonly ResolvedBind[];
}

/** Directories that are links into /usr on most hosts, and directories of their own on the others. */
const programDirectories = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** Where programs and daemons of the room put things, and where mounts of a plan go. */
const emptyDirectories: readonly (readonly [path: string, mode: number])[] = [
  ['dev', 0o755],
  ['home', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/tmp', 0o1777],
];

/** Nothing of the host's own /etc: its users, names and keys are not the room's business. */
const etc: Readonly<Record<string, string>> = {
  group: 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
  'nsswitch.conf':
    'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n',
  'resolv.conf': '',
};

/** Reads what of the host such a room needs: where its programs are, and what the dynamic loader must know. */
export function readHostPlank(files: HostFiles): HostPlank {
  if (files.stat('/usr')?.kind !== 'directory') {
    throw new RoomError('ERR_ROOM_PLANK_NOT_FOUND', "plank: 'host' needs a directory /usr on the host", {
      path: '/usr',
    });
  }
  const entries: SkeletonEntry[] = [
    { kind: 'directory', path: 'usr', mode: 0o755 },
    ...emptyDirectories.map(([path, mode]) => ({ kind: 'directory', path, mode }) as const),
    { kind: 'directory', path: 'etc', mode: 0o755 },
  ];
  const binds: ResolvedBind[] = [bind('/usr', 'directory')];
  for (const name of programDirectories) {
    const target = linkIntoUsr(files, `/${name}`);
    if (target !== null) {
      entries.push({ kind: 'link', path: name, to: target });
    } else if (files.stat(`/${name}`)?.kind === 'directory') {
      entries.push({ kind: 'directory', path: name, mode: 0o755 });
      binds.push({ ...bind(`/${name}`, 'directory'), source: files.realPath(`/${name}`) ?? `/${name}` });
    }
  }
  for (const [name, content] of Object.entries(etc)) entries.push(textFile(`etc/${name}`, content));
  entries.push(...loaderConfiguration(files), ...alternatives(files));
  // Binary, so it cannot be an entry: the file itself is laid over an empty one.
  if (files.stat('/etc/ld.so.cache')?.kind === 'file') {
    entries.push(textFile('etc/ld.so.cache', ''));
    binds.push(bind('/etc/ld.so.cache', 'file'));
  }
  return { lower: { kind: 'skeleton', key: keyOf(entries), entries }, binds };
}

/** The text of a file of the skeleton; null when it has none at that path. */
export function readSkeletonFile(entries: readonly SkeletonEntry[], path: string): string | null {
  const entry = entries.find((candidate) => candidate.kind === 'file' && `/${candidate.path}` === path);
  return entry?.kind === 'file' ? entry.content : null;
}

function bind(path: string, sourceKind: ResolvedBind['sourceKind']): ResolvedBind {
  return {
    kind: 'bind',
    source: path,
    sourceKind,
    at: path,
    access: 'read',
    noExec: false,
    recursive: false,
    // Everything that `others` may read is enough to run programs, and a mount without an idmap is cheaper.
    owner: null,
  };
}

function textFile(path: string, content: string): SkeletonEntry {
  return { kind: 'file', path, mode: 0o644, content };
}

/** The target as the host writes it, `usr/bin` or `/usr/bin`; null for a link to anywhere else. */
function linkIntoUsr(files: HostFiles, path: string): string | null {
  const target = files.link(path);
  if (target === null) return null;
  return isBelowUsr(join('/', target)) ? target : null;
}

function isBelowUsr(path: string): boolean {
  return path === '/usr' || path.startsWith('/usr/');
}

/** ld.so.conf and what it includes: ldconfig(8) in the room would otherwise forget directories. */
function loaderConfiguration(files: HostFiles): SkeletonEntry[] {
  const entries: SkeletonEntry[] = [];
  const main = files.read('/etc/ld.so.conf');
  if (main !== null) entries.push(textFile('etc/ld.so.conf', main));
  const parts = (files.list('/etc/ld.so.conf.d') ?? []).filter((name) => name.endsWith('.conf'));
  if (parts.length > 0) entries.push({ kind: 'directory', path: 'etc/ld.so.conf.d', mode: 0o755 });
  for (const name of parts) {
    const content = files.read(`/etc/ld.so.conf.d/${name}`);
    if (content !== null) entries.push(textFile(`etc/ld.so.conf.d/${name}`, content));
  }
  return entries;
}

/** Debian's /usr/bin/awk and others lead through here. The manual pages, most of the links, are left out. */
function alternatives(files: HostFiles): SkeletonEntry[] {
  const links: SkeletonEntry[] = [];
  for (const name of files.list('/etc/alternatives') ?? []) {
    const to = files.link(`/etc/alternatives/${name}`);
    if (to === null || !isBelowUsr(join('/', to)) || to.startsWith('/usr/share/man/') || to.endsWith('.gz'))
      continue;
    links.push({ kind: 'link', path: `etc/alternatives/${name}`, to });
  }
  if (links.length === 0) return [];
  return [{ kind: 'directory', path: 'etc/alternatives', mode: 0o755 }, ...links];
}

/** The tree is kept under this name, so it changes with the content. */
function keyOf(entries: readonly SkeletonEntry[]): string {
  return `host-${createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16)}`;
}
