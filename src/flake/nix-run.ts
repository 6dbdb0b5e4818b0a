import { spawn } from 'node:child_process';
import { onAbort } from '../abort.js';
import { RoomError } from '../errors.js';
import { NixLog, type FlakeProgress } from './nix-log.js';
import type { Nix } from './nix-program.js';
import type { Stage } from './stage.js';

/** How long Nix may take to end its builds when it is asked to, in milliseconds. */
const patience = 10_000;

/** What a run of Nix belongs to. */
export interface NixWork {
  readonly nix: Nix;
  readonly stage: Stage;
  readonly report: (progress: FlakeProgress) => void;
  readonly signal: AbortSignal | undefined;
}

/** How it ended. */
export interface NixEnd {
  readonly ok: boolean;
  readonly stdout: string;
  readonly log: NixLog;
}

/** Runs `nix ARGS` and waits until it and its builds are gone. A failure is a value. Throws the signal's reason, ERR_FLAKE_TOOL. */
export async function runNix(
  { nix, stage, report, signal }: NixWork,
  args: readonly string[],
): Promise<NixEnd> {
  signal?.throwIfAborted();
  const { program, settings, environment } = nix;
  const store = settings.store === '/' ? [] : ['--store', settings.store];
  const child = spawn(program, [...args, ...store, '--log-format', 'internal-json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: stage.temporary,
    env: { ...environment, TMPDIR: stage.temporary },
  });
  stage.leftovers.watch(child);
  const failures: Error[] = [];
  const log = new NixLog((progress) => {
    try {
      report(progress);
    } catch (error) {
      failures.push(error as Error);
      child.kill('SIGTERM');
    }
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.feed(text));

  // It ends its builds itself when it is told so gently; those it leaves end with it.
  let last: NodeJS.Timeout | undefined;
  const stop = onAbort(signal, () => {
    child.kill('SIGTERM');
    last = setTimeout(() => child.kill('SIGKILL'), patience);
  });
  try {
    const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', (error) => reject(cannotRun(program, error)));
      child.once('close', (status, name) => resolve([status, name]));
    });
    log.end();
    signal?.throwIfAborted();
    if (failures[0] !== undefined) throw failures[0];
    if (killedBy !== null)
      throw new RoomError('ERR_FLAKE_TOOL', `nix ${args[0] ?? ''} was killed by ${killedBy}`, {
        step: 'flake.nix',
      });
    return { ok: code === 0, stdout, log };
  } finally {
    stop();
    clearTimeout(last);
    stage.leftovers.unwatch(child);
  }
}

function cannotRun(program: string, cause: Error): RoomError {
  return new RoomError('ERR_FLAKE_TOOL', `${program} cannot be run: ${cause.message}`, {
    step: 'flake.nix',
    path: program,
    cause,
  });
}
