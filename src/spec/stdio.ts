import type { CheckedStdio, CheckedStream } from './checked.js';
import { child, keysOf, readArray, readFields, wrongType, wrongValue } from './field.js';
import { readInteger } from './scalar.js';

/** `pipe`: a stream of the Room; `inherit`: the same fd of this process; `ignore`: /dev/null; a number: that fd of this process. */
export type StreamSpec = 'pipe' | 'inherit' | 'ignore' | number;

/** One word for all three, one for each of stdin, stdout and stderr, or a pseudo-terminal. */
export type StdioSpec =
  | 'pipe'
  | 'inherit'
  | 'ignore'
  | readonly [stdin: StreamSpec, stdout: StreamSpec, stderr: StreamSpec]
  | { pty: PtySpec };

export interface PtySpec {
  /** 1 to 65535. Default 80. */
  columns?: number;
  /** 1 to 65535. Default 24. */
  rows?: number;
}

export const stdioKeys = keysOf<Extract<StdioSpec, { pty: PtySpec }>>({ pty: true });
export const ptyKeys = keysOf<PtySpec>({ columns: true, rows: true });

/** struct winsize has 16 bits for each. */
const mostCells = 65_535;
const highestFd = 2 ** 31 - 1;

const words = '"pipe", "inherit", "ignore"';
const expectedStdio = `${words}, an array of three of these or fds, or { pty: { columns, rows } }`;
const expectedStream = `${words} or the number of an fd`;

/** Where the three streams of a process lead. Three pipes where there is nothing. */
export function parseStdio(value: unknown, field: string): CheckedStdio {
  if (value === undefined) return sameForAll('pipe', field);
  if (typeof value === 'string') return sameForAll(value, field);
  if (Array.isArray(value)) return parseStreams(value, field);
  if (typeof value !== 'object' || value === null) throw wrongType(field, expectedStdio, value);
  return parsePty(readFields(value, field, stdioKeys).pty, child(field, 'pty'));
}

function sameForAll(word: string, field: string): CheckedStdio {
  const streamOf = (fd: number): CheckedStream => {
    const stream = namedStream(word, fd);
    if (stream === null) throw wrongValue(field, expectedStdio, word);
    return stream;
  };
  return { kind: 'streams', streams: [streamOf(0), streamOf(1), streamOf(2)] };
}

function parseStreams(value: unknown, field: string): CheckedStdio {
  const elements = readArray(value, field);
  const [stdin, stdout, stderr] = elements;
  if (elements.length !== 3) {
    throw wrongValue(field, 'three streams: stdin, stdout, stderr', value, String(elements.length));
  }
  return {
    kind: 'streams',
    streams: [
      parseStream(stdin, `${field}[0]`, 0),
      parseStream(stdout, `${field}[1]`, 1),
      parseStream(stderr, `${field}[2]`, 2),
    ],
  };
}

function parseStream(value: unknown, field: string, fd: number): CheckedStream {
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value > highestFd) {
      throw wrongValue(field, expectedStream, value);
    }
    return { kind: 'fd', fd: value + 0 };
  }
  if (typeof value !== 'string') throw wrongType(field, expectedStream, value);
  const stream = namedStream(value, fd);
  if (stream === null) throw wrongValue(field, expectedStream, value);
  return stream;
}

function namedStream(word: string, fd: number): CheckedStream | null {
  switch (word) {
    case 'pipe':
      return { kind: 'pipe' };
    case 'ignore':
      return { kind: 'null' };
    case 'inherit':
      return { kind: 'fd', fd };
    default:
      return null;
  }
}

function parsePty(value: unknown, field: string): CheckedStdio {
  const { columns, rows } = readFields(value, field, ptyKeys);
  return {
    kind: 'pty',
    columns: columns === undefined ? 80 : readInteger(columns, child(field, 'columns'), 1, mostCells),
    rows: rows === undefined ? 24 : readInteger(rows, child(field, 'rows'), 1, mostCells),
  };
}
