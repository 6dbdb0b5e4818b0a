import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { RoomError, type ErrorCode } from '../errors.js';
import type { Leftovers } from './leftovers.js';

/** Programs of other packages that planks are made and checked with, and the Debian package each comes from. */
export const toolPackages = {
  mksquashfs: 'squashfs-tools',
  unsquashfs: 'squashfs-tools',
  'mkfs.erofs': 'erofs-utils',
  'fsck.erofs': 'erofs-utils',
  'mkfs.ext4': 'e2fsprogs',
  tar: 'tar',
  zstd: 'zstd',
  xz: 'xz-utils',
  nix: 'nix-bin',
  busybox: 'busybox-static',
  bash: 'bash',
  ldd: 'libc-bin',
} as const;

export type ToolName = keyof typeof toolPackages;

/** How a program is run. */
export interface ToolRun {
  /** Absolute path, from {@link requireTool} or {@link findTool}. */
  readonly path: string;
  readonly args: readonly string[];
  /** Kills it at once (SIGKILL). */
  readonly signal?: AbortSignal | undefined;
  /** Gets what it prints on standard output. Without it standard output is thrown away. */
  readonly onOutput?: (text: string) => void;
  /** Gets standard input. Without it standard input is empty. */
  readonly onInput?: (input: Writable) => void;
  /** Gets standard output as bytes; excludes `onOutput`. */
  readonly onStream?: (output: Readable) => void;
  /** Kills it when this process is interrupted. */
  readonly leftovers?: Leftovers;
}

/** How a program ended. */
export interface ToolEnd {
  readonly ok: boolean;
  /** `exited with 1`, `was killed by SIGKILL`. */
  readonly how: string;
  /** The end of what it printed on standard error, at most 8 KiB. */
  readonly stderr: string;
}

/** Looks for a program in PATH; null when it is not there. */
export async function findTool(tool: ToolName): Promise<string | null> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    // An empty or relative entry would mean the working directory: whoever can write there would choose our program.
    if (!directory.startsWith('/')) continue;
    const path = join(directory, tool);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

/**
 * Looks for a program that a build cannot do without.
 *
 * @throws RoomError with that code, and the package to install.
 */
export async function requireTool(tool: ToolName, code: ErrorCode = 'ERR_ROOM_PLANK_BUILD'): Promise<string> {
  const path = await findTool(tool);
  if (path !== null) return path;
  throw new RoomError(code, `${tool} is not installed or not in PATH`, {
    step: 'plank.tool',
    hint: `apt-get install ${toolPackages[tool]}`,
  });
}

/**
 * Runs a program without a shell and waits until it and its pipes are closed. A failing exit is a value.
 *
 * @throws the reason of the signal, an error of a callback, or the system's error when it cannot be started.
 */
export async function runTool(run: ToolRun): Promise<ToolEnd> {
  run.signal?.throwIfAborted();
  const wantsOutput = run.onOutput !== undefined || run.onStream !== undefined;
  const child = spawn(run.path, run.args, {
    stdio: [run.onInput ? 'pipe' : 'ignore', wantsOutput ? 'pipe' : 'ignore', 'pipe'],
    env: toolEnvironment(),
  });
  run.leftovers?.watch(child);

  const failures: Error[] = [];
  const fail = (error: unknown) => {
    failures.push(error as Error);
    child.kill('SIGKILL');
  };
  const onAbort = () => fail(run.signal?.reason);
  run.signal?.addEventListener('abort', onAbort, { once: true });

  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-8192)));
  const { onOutput } = run;
  if (onOutput)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      try {
        onOutput(text);
      } catch (error) {
        fail(error);
      }
    });
  if (run.onStream && child.stdout) run.onStream(child.stdout);
  if (run.onInput && child.stdin) run.onInput(child.stdin);

  try {
    return await new Promise<ToolEnd>((resolve, reject) => {
      child.once('error', reject);
      // Only after the child is gone nothing is written any more: what waits for us removes its files next.
      child.once('close', (code, killedBy) => {
        if (failures[0] !== undefined) reject(failures[0]);
        else
          resolve({
            ok: code === 0,
            how: killedBy === null ? `exited with ${code}` : `was killed by ${killedBy}`,
            stderr: stderr.trim(),
          });
      });
    });
  } finally {
    run.signal?.removeEventListener('abort', onAbort);
    run.leftovers?.unwatch(child);
  }
}

/**
 * Nothing but PATH is inherited: SOURCE_DATE_EPOCH makes mksquashfs refuse the flags that fix times, TAR_OPTIONS, ZSTD_CLEVEL
 * and XZ_OPT change what the programs do, and the language changes what they print.
 */
function toolEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}
