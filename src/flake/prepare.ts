import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError } from '../errors.js';
import { declarationName, parseDeclaration, type EnvironmentDeclaration } from './declaration.js';
import { lockName, parseLock, pinnedInputs, type FlakeInput } from './lock-file.js';
import { changedHint, nixFailure, type FailureContext } from './nix-failure.js';
import type { FlakePhase, FlakeProgress } from './nix-log.js';
import { openNix, type Nix, type NixSettings } from './nix-program.js';
import { runNix, type NixEnd, type NixWork } from './nix-run.js';
import { Stage } from './stage.js';

/** How work on a flake is watched and stopped. */
export interface FlakeWorkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FlakeProgress) => void) | undefined;
}

/** Where a flake is and how Nix is called for it. */
export interface FlakePlace {
  /** Absolute. */
  readonly directory: string;
  readonly settings: NixSettings;
  readonly temporary: string | null;
}

/** A copy of a flake with Nix for it. */
export class Workbench {
  inputs: readonly FlakeInput[] = [];
  /** Of the copy: hash of its content. */
  narHash = '';

  private constructor(
    readonly place: FlakePlace,
    readonly stage: Stage,
    readonly nix: Nix,
    readonly options: FlakeWorkOptions,
  ) {}

  /** Does something with a copy, which is gone when it is done. */
  static async with<T>(
    place: FlakePlace,
    options: FlakeWorkOptions,
    work: (bench: Workbench) => Promise<T>,
  ): Promise<T> {
    options.signal?.throwIfAborted();
    const nix = await openNix(place.settings);
    const stage = await Stage.of(place.directory, place.temporary);
    try {
      return await work(new Workbench(place, stage, nix, options));
    } finally {
      await stage.remove();
    }
  }

  begin(phase: FlakePhase): void {
    this.options.signal?.throwIfAborted();
    this.options.onProgress?.({ type: 'phase', phase });
  }

  /** Runs Nix; what it prints. Throws what its failure means. */
  async run(step: string, args: readonly string[]): Promise<string> {
    const end = await this.try(args);
    if (end.ok) return end.stdout;
    throw await nixFailure(end.log, step, this.failures);
  }

  try(args: readonly string[]): Promise<NixEnd> {
    const { nix, stage, options } = this;
    const report = (progress: FlakeProgress): void => options.onProgress?.(progress);
    return runNix({ nix, stage, report, signal: options.signal } satisfies NixWork, args);
  }

  get failures(): FailureContext {
    const { place, stage, inputs } = this;
    return { directory: place.directory, stage, settings: place.settings, inputs };
  }

  /** The copy, and one of its outputs. */
  reference(output?: string): string {
    return output === undefined ? this.stage.reference : `${this.stage.reference}#${output}`;
  }

  /** Throws ERR_FLAKE_DECLARATION. Null: there is none. */
  async declaration(): Promise<EnvironmentDeclaration | null> {
    const text = await this.stage.read(declarationName);
    return text === null ? null : parseDeclaration(text, join(this.place.directory, declarationName));
  }

  async lockDigest(): Promise<string | null> {
    const text = await this.stage.read(lockName);
    return text === null ? null : `sha256:${createHash('sha256').update(text).digest('hex')}`;
  }

  /**
   * That every input is pinned and is what it was pinned to. Throws ERR_FLAKE_LOCK, ERR_FLAKE_UNPINNED, ERR_FLAKE_INPUT_CHANGED,
   * ERR_FLAKE_INPUT.
   */
  async requireInputs(): Promise<void> {
    this.begin('inputs');
    const text = await this.stage.read(lockName);
    const path = join(this.place.directory, lockName);
    if (text !== null) this.inputs = pinnedInputs(parseLock(text, path), path);
    for (const input of this.inputs) if (input.type === 'path') await this.#requireSame(input);
    const output = await this.run('flake.inputs', [
      'flake',
      'metadata',
      '--json',
      '--no-update-lock-file',
      this.reference(),
    ]);
    const { locked } = JSON.parse(output) as { locked?: { narHash?: string } };
    this.narHash = locked?.narHash ?? '';
  }

  /** Nix takes a directory for what it was while the store has what was pinned: an edit would go unnoticed. */
  async #requireSame({ name, from, narHash }: FlakeInput): Promise<void> {
    const path = from.slice('path:'.length);
    const there = await stat(path).catch(() => null);
    if (!path.startsWith('/') || there === null) return;
    const now = (await this.run('flake.inputs', ['hash', 'path', path])).trim();
    if (now === narHash) return;
    throw new RoomError(
      'ERR_FLAKE_INPUT_CHANGED',
      `input ${name}: ${path} is not what it was when it was pinned (${narHash}, now ${now})`,
      { step: 'flake.inputs', path, hint: changedHint(name) },
    );
  }
}
