import { fstatSync, writeFileSync } from 'node:fs';
import { countOf } from './command-line.js';
import { exitCodeOfFailure, linesOf, reportOf } from './failure.js';
import { UsageError } from './command-error.js';

/** The result: standard output. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** A result for programs: standard output, indented. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/** What is said beside the result: standard error. */
export function say(text: string | Uint8Array): void {
  process.stderr.write(text);
}

/** One line of JSON. */
export function writeJsonLine(fd: number, value: unknown): void {
  const line = `${JSON.stringify(value)}\n`;
  if (fd === 1) print(line);
  else if (fd === 2) say(line);
  else writeFileSync(fd, line);
}

/** How a failure is told. */
export interface FailureManner {
  /** Where a JSON object goes instead of lines for people. */
  readonly jsonFd: number | null;
  /** The exit code for what is no fault of the command line. */
  readonly failed: number;
  /** Which option a field of a spec came from. */
  readonly sources?: ReadonlyMap<string, string>;
}

/** Tells what went wrong and returns the exit code. */
export function tellFailure(error: unknown, { jsonFd, failed, sources }: FailureManner): number {
  const report = reportOf(error, sources);
  if (jsonFd === null) say(linesOf(report));
  else writeJsonLine(jsonFd, report);
  return exitCodeOfFailure(error, failed);
}

/** A descriptor that this process was started with and can be written to. */
export function openDescriptor(text: string, option: string): number {
  const fd = countOf(text, option, 0, 1023);
  try {
    fstatSync(fd);
    return fd;
  } catch {
    throw new UsageError(
      `${option}: descriptor ${fd} is not open`,
      `e.g. ${option} ${fd} ${fd}> result.json`,
    );
  }
}
