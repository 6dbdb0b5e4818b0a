import { execFile } from 'node:child_process';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { cProgram } from '../../helpers/c-program.js';
import { scratch } from '../../helpers/image.js';

const run = promisify(execFile);

/** What the disk is formatted with. `size`: mebibytes, about the least that each takes. Blocks of 4096: a loop device that goes past the page cache takes no less. */
const formats = {
  ext4: {
    size: 64,
    words: ['mkfs.ext4', '-q', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  },
  xfs: { size: 300, words: ['mkfs.xfs', '-q', '-f', '-s', 'size=4096'] },
  btrfs: { size: 128, words: ['mkfs.btrfs', '-q', '-f'] },
} as const;
export type DiskFormat = keyof typeof formats;

/** Which calls that bring something to the disk are left out: the controls. */
export type Dropped = 'none' | 'all' | 'files' | 'directories';

/** One moment at which the power was cut. */
export interface Cut {
  readonly number: number;
  /** The program had said by then that it was done. */
  readonly told: boolean;
}

/**
 * A disk whose power is cut while a program runs: a loop device on an image in an XFS, which can copy a file as it is at a moment. Such a
 * copy has what the kernel had written to the device by then and nothing of what it had in memory, which is what a power cut leaves.
 */
export class CutDisk {
  private constructor(
    private readonly directory: string,
    private readonly format: DiskFormat,
  ) {}

  static async make(t: ExecutionContext, format: DiskFormat): Promise<CutDisk> {
    const directory = await scratch(t);
    const image = join(directory, 'outer.img');
    const outer = join(directory, 'outer');
    await writeFile(image, '');
    await truncate(image, 4 * 2 ** 30);
    await run('mkfs.xfs', ['-q', '-f', '-m', 'reflink=1', image]);
    await mkdir(outer);
    await run('mount', ['-o', 'loop,noatime', image, outer]);
    t.teardown(() => run('umount', [outer]));
    await mkdir(join(directory, 'disk'));
    return new CutDisk(directory, format);
  }

  /** Where the disk is mounted while somebody has it. */
  get mount(): string {
    return join(this.directory, 'disk');
  }

  /** Makes it anew, with what somebody puts on it. */
  async prepare(fill: (mount: string) => Promise<void>): Promise<void> {
    const { size, words } = formats[this.format];
    const image = this.#at('template');
    await rm(image, { force: true });
    await writeFile(image, '');
    await truncate(image, size * 2 ** 20);
    const [program, ...options] = words;
    await run(program, [...options, image]);
    await this.mounted(image, () => fill(this.mount));
  }

  /** Runs a program that changes the disk, and returns all that a power cut could have left meanwhile. */
  async cuts(words: readonly string[], drop: Dropped): Promise<readonly Cut[]> {
    const killer = await cProgram('test/fault/programs/killer');
    const image = this.#at('image');
    await run('cp', ['--reflink=always', this.#at('template'), image]);
    await rm(this.#at('cuts'), { recursive: true, force: true });
    await mkdir(this.#at('cuts'));
    const { stdout: device } = await run('losetup', ['--find', '--show', '--direct-io=on', image]);
    const disk = device.trim();
    let said: string;
    try {
      await run('mount', ['-o', 'noatime', disk, this.mount]);
      try {
        ({ stdout: said } = await run(
          killer,
          ['cut', image, basename(disk), this.#at('cuts'), drop, ...words],
          { maxBuffer: 2 ** 24 },
        ));
      } finally {
        await run('umount', [this.mount]);
      }
    } finally {
      await run('losetup', ['--detach', disk]);
      await this.#released(image);
    }
    if (!said.includes('done\n')) throw new Error(`${words.join(' ')} said ${said}`);
    return [...said.matchAll(/^cut (\d+)( told)?$/gm)].map(([, number, told]) => ({
      number: Number(number),
      told: told !== undefined,
    }));
  }

  /** Mounts what a power cut has left, as the next boot does, and looks at it. */
  async after(cut: Cut, look: () => Promise<string[]>): Promise<string[]> {
    const image = join(this.#at('cuts'), String(cut.number));
    const problems = await this.mounted(image, look).catch((error: unknown) => [String(error)]);
    await rm(image);
    return problems;
  }

  private async mounted<T>(image: string, work: () => Promise<T>): Promise<T> {
    await run('mount', ['-o', 'loop,noatime', image, this.mount]);
    try {
      return await work();
    } finally {
      // Not lazily: a descriptor that was left open is found here.
      await run('umount', [this.mount]);
      await this.#released(image);
    }
  }

  /**
   * Waits until nobody has it any more: every mount namespace that somebody made meanwhile has the mount too. All states have one UUID,
   * by which XFS refuses a second and btrfs takes it for the first.
   */
  async #released(image: string): Promise<void> {
    for (let tries = 0; (await run('losetup', ['--associated', image])).stdout !== ''; tries += 1) {
      if (tries === 600) throw new Error(`${image} is still mounted in the namespace of somebody else`);
      await sleep(100);
    }
  }

  #at(name: string): string {
    return join(this.directory, 'outer', name);
  }
}
