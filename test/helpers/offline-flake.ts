import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Flake, Vault, type FlakeOptions } from '../../src/index.js';
import { scratch } from './image.js';

let prepared: Promise<string> | undefined;

/** A directory of the offline flake that everybody copies. Goes when the process ends. */
function prepare(): Promise<string> {
  return (prepared ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
    process.on('exit', () => execFileSync('rm', ['-rf', '--', directory]));
    execFileSync('sh', [resolve('nix/offline/prepare.sh'), join(directory, 'flake')]);
    return join(directory, 'flake');
  })());
}

/** A flake of the test's own, with a vault and a store that go with it. */
export class OfflineFlake {
  private constructor(
    readonly root: string,
    readonly directory: string,
    readonly vault: Vault,
  ) {}

  static async make(t: ExecutionContext): Promise<OfflineFlake> {
    const root = await scratch(t);
    const directory = join(root, 'room');
    cpSync(await prepare(), directory, { recursive: true });
    await mkdir(join(root, 'tmp'));
    const vault = await Vault.init(join(root, 'vault'));
    t.teardown(() => vault.close());
    return new OfflineFlake(root, directory, vault);
  }

  open(options: FlakeOptions = {}): Promise<Flake> {
    return Flake.open(this.directory, { vault: this.vault, temporary: join(this.root, 'tmp'), ...options });
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** Replaces a text that is there. */
  edit(name: string, from: string, to: string): void {
    const text = this.read(name);
    if (!text.includes(from)) throw new Error(`${name} has no ${JSON.stringify(from)}`);
    this.write(name, text.replace(from, to));
  }

  /** Adds a package to the catalog that is built by a script. */
  addPackage(name: string, script: string): void {
    this.edit(
      'catalog.nix',
      'rec {\n',
      `rec {\n  ${name} = package "${name}" "1" ''\n    ${script}\n  '';\n`,
    );
  }
}
