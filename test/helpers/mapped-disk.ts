import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Runs a program of the guest and returns what it printed. */
export function guestProgram(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A loop device on a file, as busybox has it. */
export function attachLoop(file: string): string {
  const device = guestProgram('losetup', '-f').trim();
  guestProgram('losetup', device, file);
  return device;
}

const mebibyte = 2 ** 20;

/**
 * A disk of the guest whose device does what it is told (device-mapper): give back what it got, fail, lose what is written, or change it.
 * Below is a file in memory.
 */
export class MappedDisk {
  readonly directory = mkdtempSync(join(tmpdir(), 'anchor-disk-'));
  readonly mount = join(this.directory, 'disk');
  readonly sectors: number;
  readonly #loop: string;
  readonly #name = `anchor-${process.pid}-${Date.now()}`;
  #node = '';
  #mounted = false;

  constructor(
    t: ExecutionContext,
    readonly format: 'ext4' | 'vfat',
    megabytes: number,
  ) {
    mkdirSync(this.mount);
    this.#loop = attachLoop(emptyFile(join(this.directory, 'image'), megabytes * mebibyte));
    this.sectors = (megabytes * mebibyte) / 512;
    t.teardown(() => this.#remove());
  }

  /** The device below, for a table that is not one of these. */
  get below(): string {
    return this.#loop;
  }

  /** Makes the device; afterwards it is exchanged under whoever uses it. */
  becomes(target: string): void {
    const table = `0 ${this.sectors} ${target}`;
    if (this.#node === '') {
      guestProgram('dmsetup', 'create', this.#name, '--noudevrules', '--noudevsync', '--table', table);
      const minor = guestProgram('dmsetup', 'info', '-c', '--noheadings', '-o', 'minor', this.#name).trim();
      this.#node = `/dev/dm-${minor}`;
      return;
    }
    // Without flushing: nobody could take what is on its way.
    guestProgram('dmsetup', 'suspend', '--nolockfs', '--noflush', this.#name);
    guestProgram('dmsetup', 'load', this.#name, '--table', table);
    guestProgram('dmsetup', 'resume', '--noudevrules', '--noudevsync', this.#name);
  }

  /** A good disk. */
  works(): void {
    this.becomes(`linear ${this.#loop} 0`);
  }

  /** https://docs.kernel.org/admin-guide/device-mapper/dm-flakey.html */
  misbehaves(features: string): void {
    this.becomes(`flakey ${this.#loop} 0 0 3600 ${features.split(' ').length} ${features}`);
  }

  /** Changes one bit of a block that has these bytes, where the device has them. */
  rot(block: Uint8Array): void {
    const image = join(this.directory, 'image');
    const at = readFileSync(image).indexOf(block);
    if (at < 0) throw new Error('the disk does not have these bytes');
    const file = openSync(image, 'r+');
    writeSync(file, Uint8Array.of((block[0] ?? 0) ^ 1), 0, 1, at);
    closeSync(file);
  }

  makeFileSystem(): void {
    if (this.format === 'vfat') guestProgram('mkfs.vfat', this.#node);
    else
      guestProgram(
        'mkfs.ext4',
        '-q',
        '-b',
        '4096',
        '-E',
        'lazy_itable_init=0,lazy_journal_init=0',
        this.#node,
      );
  }

  attach(): void {
    guestProgram('mount', '-t', this.format, '-o', 'noatime', this.#node, this.mount);
    this.#mounted = true;
  }

  detach(): void {
    guestProgram('umount', this.mount);
    this.#mounted = false;
  }

  /** Of a target that takes some. */
  message(text: string): void {
    guestProgram('dmsetup', 'message', this.#name, '0', ...text.split(' '));
  }

  /** The device goes, the file below stays. */
  end(): void {
    if (this.#mounted) this.detach();
    if (this.#node !== '') guestProgram('dmsetup', 'remove', '--noudevrules', '--noudevsync', this.#name);
    this.#node = '';
  }

  #remove(): void {
    this.end();
    guestProgram('losetup', '-d', this.#loop);
    rmSync(this.directory, { recursive: true });
  }
}

/** A sparse file. */
export function emptyFile(path: string, size: number): string {
  writeFileSync(path, '');
  truncateSync(path, size);
  return path;
}
