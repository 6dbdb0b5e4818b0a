/**
 * The lane of every contender that is a command: `child_process.spawn` as a Node program would do it.
 *
 * usage: node command.js '{"argv": ["bwrap", …], "filter": "/path"}'
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Sample } from './protocol.js';
import { microseconds, serveStarter } from './serve.js';

export interface Command {
  /** `@ID@` is replaced by a new name for every room, which OCI runtimes want. */
  readonly argv: readonly string[];
  /** A file the program finds open as `filterFd` (fds.ts). */
  readonly filter?: string;
}

let rooms = 0;

/** stdin and stderr are ignored in every lane: making their streams would cost a contender 0.1 ms each for nothing. */
function measure(command: Command, stderr: 'ignore' | 'pipe'): Promise<Sample> {
  const id = `bench-${process.pid}-${rooms++}`;
  const [program = '', ...args] = command.argv.map((argument) => (argument === '@ID@' ? id : argument));
  // Opened anew because the reader moves the offset; before the clock starts, to the contender's advantage.
  const filter = command.filter === undefined ? undefined : openSync(command.filter, 'r');
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', stderr, ...(filter === undefined ? [] : [filter])],
    });
    const called = performance.now();
    if (filter !== undefined) closeSync(filter);
    let first = NaN;
    let exit = NaN;
    child.stdout?.once('data', () => (first = performance.now()));
    child.once('exit', () => (exit = performance.now()));
    child.once('error', reject);
    const complaint = collect(child.stderr);
    child.once('close', (code, signal) => {
      if (code === 0 && !Number.isNaN(first)) {
        resolve({
          first: microseconds(start, first),
          exit: microseconds(start, exit),
          call: microseconds(start, called),
        });
      } else {
        reject(new Error(`${program} ended with ${signal ?? code}: ${complaint().trim() || 'no output'}`));
      }
    });
  });
}

function collect(stream: ChildProcess['stderr']): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

const command = JSON.parse(process.argv[2] ?? '') as Command;
await serveStarter(async () => {
  await measure(command, 'pipe'); // a first try that can say what is wrong
  return { start: () => measure(command, 'ignore') };
});
