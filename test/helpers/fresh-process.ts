import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a fresh Node ended, and all that it wrote. */
export interface FreshResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FreshOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeOptions?: readonly string[];
  readonly args?: readonly string[];
  /** Killed after this long; the default is three minutes, which an emulated processor may need. */
  readonly timeout?: number;
}

/** A Node of its own that runs an ES module given as text. The text can import 'anchor-rooms' by its name. */
export interface FreshProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line on its stdout; rejects when it ends without one. */
  readonly line: () => Promise<string>;
  readonly ended: Promise<FreshResult>;
}

/** For tests of how a program ends: by itself, by an exception, by SIGKILL. */
export function startFresh(source: string, options: FreshOptions = {}): FreshProcess {
  const child = spawn(
    process.execPath,
    [...(options.nodeOptions ?? []), '--input-type=module', '--eval', source, '--', ...(options.args ?? [])],
    {
      cwd: process.cwd(),
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 180_000,
      killSignal: 'SIGKILL',
    } satisfies SpawnOptions,
  );
  const { stdout, stderr } = child as ChildProcess & {
    stdout: NodeJS.ReadableStream;
    stderr: NodeJS.ReadableStream;
  };
  const written = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));

  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: stdout }).on('line', (line) => {
    const next = waiting.shift();
    if (next === undefined) lines.push(line);
    else next(line);
  });

  const ended = once(child, 'close').then(([code, signal]): FreshResult => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...written,
  }));
  const line = (): Promise<string> => {
    const ready = lines.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    const next = new Promise<string>((resolve) => waiting.push(resolve));
    const over = ended.then((result): never => {
      throw new Error(`the process ended before it wrote a line: ${JSON.stringify(result)}`);
    });
    over.catch(() => undefined);
    return Promise.race([next, over]);
  };
  return { child, pid: child.pid!, line, ended };
}

/** Runs an ES module given as text to its end. */
export function runFresh(source: string, options: FreshOptions = {}): Promise<FreshResult> {
  return startFresh(source, options).ended;
}
