import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { Vault, verifyCapsule } from '../../../src/index.js';
import { sample } from '../../capsule/sample.js';
import { scratch } from '../../helpers/image.js';
import { changes, prepare, type Change } from './vault-changes.js';
import { problemsOf } from './vault-problems.js';

/** Something that is done on a disk until the power is cut. */
export interface CutCase {
  readonly name: string;
  /** Makes what it needs, in a directory that is not on the disk. */
  sources(t: ExecutionContext): Promise<string>;
  /** Fills the disk. */
  fill(mount: string, sources: string): Promise<void>;
  /** The program. */
  words(mount: string, sources: string): Promise<readonly string[]> | readonly string[];
  /** What is wrong on the disk afterwards. */
  problems(mount: string, told: boolean, sources: string): Promise<string[]>;
}

const run = promisify(execFile);

function driver(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

const vaultDriver = [process.execPath, driver('vault-driver')];
const capsuleDriver = [process.execPath, driver('capsule-driver')];

function changeOf(change: Change): CutCase {
  return {
    name: [change.name, ...change.words('').slice(0, 1)].join(' '),
    sources: (t) => scratch(t),
    fill: (mount, sources) => prepare(join(mount, 'vault'), sources),
    words: (mount, sources) => [...vaultDriver, join(mount, 'vault'), change.name, ...change.words(sources)],
    problems: (mount, told, sources) => problemsOf(join(mount, 'vault'), change, told, sources),
  };
}

/** A source of 6 MiB on the same disk, where that shares blocks, which nobody has brought there yet. */
export const besidePut: CutCase = {
  name: 'put of what is on the same disk',
  sources: (t) => scratch(t),
  fill: async (mount) => (await Vault.init(join(mount, 'vault'))).close(),
  words: (mount) => [
    ...[...vaultDriver, join(mount, 'vault')],
    ...['write and put', 'models/large', join(mount, 'large')],
  ],
  async problems(mount, told, sources) {
    await using vault = await Vault.open(join(mount, 'vault'));
    const seen = await vault.list();
    await writeFile(join(sources, 'next'), 'next');
    await vault.put('flakes/next', join(sources, 'next'));
    const stored = told && seen.length === 1 ? (await vault.inspect('models/large')).path : null;
    // Of btrfs the source is not there: nobody has asked for that.
    const beside = await stat(join(mount, 'large')).catch(() => null);
    return [
      ...((await vault.verify()).ok ? [] : ['not whole']),
      ...(told && stored === null ? ['told, and not there'] : []),
      ...(stored === null ||
      beside?.size !== 6 << 20 ||
      (await run('filefrag', ['-v', stored])).stdout.includes('shared')
        ? []
        : ['shares nothing']),
    ];
  },
};

const init: CutCase = {
  name: 'init',
  sources: (t) => scratch(t),
  fill: async () => {},
  words: (mount) => [...vaultDriver, join(mount, 'vault'), 'init'],
  async problems(mount, told, sources) {
    const path = join(mount, 'vault');
    const opened = await Vault.open(path).catch(() => null);
    if (told && opened === null) return ['told, and not there'];
    // It is one, or can be made one.
    await using vault = opened ?? (await Vault.init(path));
    await writeFile(join(sources, 'file'), 'content');
    const { generation } = await vault.put('models/a', join(sources, 'file'));
    return generation === 1 && (await vault.verify()).ok ? [] : ['not whole'];
  },
};

const get: CutCase = {
  name: 'get',
  async sources(t) {
    const directory = await scratch(t);
    await prepare(join(directory, 'vault'), directory);
    return directory;
  },
  fill: async () => {},
  words: (mount, sources) => [
    ...vaultDriver,
    join(sources, 'vault'),
    'get',
    'models/tiny',
    join(mount, 'copy'),
  ],
  async problems(mount, told) {
    const there = await readFile(join(mount, 'copy'), 'utf8').catch(() => null);
    if (there === null) return told ? ['told, and not there'] : [];
    return there === 'three'.repeat(5000) ? [] : ['there, and not whole'];
  },
};

const capsuleSources = async (t: ExecutionContext): Promise<string> => (await sample(t)).directory;

const pack: CutCase = {
  name: 'pack',
  sources: capsuleSources,
  fill: async () => {},
  words: (mount, sources) => [...capsuleDriver, sources, 'pack', mount],
  async problems(mount, told) {
    const there = (await readdir(mount)).includes('tiny.capsule');
    if (!there) return told ? ['told, and not there'] : [];
    return (await verifyCapsule(join(mount, 'tiny.capsule'))).ok ? [] : ['there, and not whole'];
  },
};

const receive: CutCase = {
  name: 'receive',
  async sources(t) {
    const directory = await capsuleSources(t);
    await run(process.execPath, [...capsuleDriver.slice(1), directory, 'pack']);
    return directory;
  },
  async fill(mount, sources) {
    await mkdir(join(mount, 'temporary'));
    const vault = await Vault.init(join(mount, 'vault'));
    for (const name of ['models/tiny.gguf', 'planks/tiny']) await vault.put(name, join(sources, 'net'));
    await vault.close();
  },
  words: (mount, sources) => [...capsuleDriver, sources, 'receive', mount],
  async problems(mount, told, sources) {
    await using vault = await Vault.open(join(mount, 'vault'));
    // Whoever comes next puts it in order.
    await vault.put('datasets/next', join(sources, 'tiny.gguf'));
    const active = (await vault.inspect('models/tiny.gguf')).generation;
    return [
      ...((await vault.verify()).ok ? [] : ['the vault is not whole']),
      ...(active === 1 || active === 2 ? [] : [`generation ${active} is active`]),
      ...(told && active !== 2 ? ['told, and not active'] : []),
    ];
  },
};

/** All of them, by name. */
export const cutCases: readonly CutCase[] = [...changes.map(changeOf), init, get, pack, receive];
