import { spawn, type ChildProcessByStdio, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The command, compiled. */
export const program = fileURLToPath(new URL('../../src/cli/anchor.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What was written to descriptor 3. */
  readonly extra: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

type CommandProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** A command that runs. Its standard streams are pipes, and so is descriptor 3. */
export class StartedCommand {
  readonly child: CommandProcess;
  readonly ended: Promise<CommandResult>;
  #stdout = '';

  constructor(args: readonly string[], { env = process.env, cwd = process.cwd() }: CommandOptions = {}) {
    const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', 'pipe'];
    this.child = spawn(process.execPath, [program, ...args], {
      stdio,
      env,
      cwd,
      timeout: 120_000,
    }) as CommandProcess;
    const written = { stderr: '', extra: '' };
    this.child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
    (this.child.stdio[3] as Readable).on('data', (chunk: Buffer) => (written.extra += chunk.toString()));
    this.ended = once(this.child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      ...written,
    }));
  }

  /** Resolves when the text was written to standard output. */
  async until(text: string): Promise<void> {
    await poll(
      () => this.#stdout.includes(text),
      () => `no ${JSON.stringify(text)} in ${JSON.stringify(this.#stdout)}`,
    );
  }
}

/** Runs `anchor …` to its end. */
export function anchor(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const started = new StartedCommand(args, options);
  // A command that does not read its input may be gone before all of it is written.
  started.child.stdin.on('error', () => {});
  started.child.stdin.end(options.input ?? '');
  return started.ended;
}

export interface TerminalEnd {
  readonly code: number;
  /** The modes of the terminal are what they were; null when the terminal is gone. */
  readonly restored: boolean | null;
}

/** `anchor …` on a terminal of 100 × 30. */
export class Terminal {
  readonly ended: Promise<TerminalEnd>;
  readonly #child: CommandProcess;
  #shown = '';
  #read = 0;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const argv = ['test/cli/terminal.py', process.execPath, program, ...args];
    this.#child = spawn('python3', argv, { stdio: ['pipe', 'pipe', 'pipe'], env, timeout: 120_000 });
    let said = '';
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#shown += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    this.ended = once(this.#child, 'close').then(() => JSON.parse(said) as TerminalEnd);
  }

  /** All that it has shown. */
  get shown(): string {
    return this.#shown;
  }

  type(text: string): void {
    this.#order({ type: text });
  }

  resize(columns: number, rows: number): void {
    this.#order({ size: [columns, rows] });
  }

  signal(name: NodeJS.Signals): void {
    this.#order({ signal: constants.signals[name] });
  }

  hangUp(): void {
    this.#order({ 'hang-up': true });
  }

  /** Resolves with what is shown up to the text, from where the last call stopped. */
  async until(text: string): Promise<string> {
    const find = (): number => this.#shown.indexOf(text, this.#read);
    await poll(
      () => find() >= 0,
      () => `no ${JSON.stringify(text)} in ${JSON.stringify(this.#shown.slice(this.#read))}`,
    );
    const begin = this.#read;
    this.#read = find() + text.length;
    return this.#shown.slice(begin, this.#read);
  }

  #order(order: object): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }
}

async function poll(done: () => boolean, complaint: () => string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!done()) {
    if (Date.now() > end) throw new Error(complaint());
    await sleep(10);
  }
}
