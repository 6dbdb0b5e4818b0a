import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { RoomSpec } from '../spec/room-spec.js';
import { child, readArray, readFields, readObject, wrongValue } from '../spec/field.js';
import { readInteger, readText } from '../spec/scalar.js';
import { readMachine, type Machine } from './machine.js';
import { roomDigest } from './portable-room.js';

/**
 * What a run with a fixed seed produced, and what produced it. Two runs behaved the same when all but `machine` is equal; that is found by
 * comparing, never assumed: the same bytes on another processor may add floating point numbers in another order.
 */
export interface Receipt {
  readonly receipt: 1;
  /** SHA-256 of the spec without its plank, its keys in order. */
  readonly room: string;
  /** SHA-256 of the plank. */
  readonly plank: string;
  /** SHA-256 of each of the weights, by name; of a directory as in capsule.json. */
  readonly weights: Readonly<Record<string, string>>;
  readonly exit: ReceiptExit;
  /** What it wrote, by name: `stdout`, `stderr`, and files by whatever the caller names them. */
  readonly outputs: Readonly<Record<string, ReceiptOutput>>;
  readonly machine: Machine;
}

/** The end of the run, from its outcome. */
export interface ReceiptExit {
  readonly reason: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface ReceiptOutput {
  readonly size: number;
  readonly sha256: string;
}

/** What a receipt is made of. */
export interface ReceiptRequest {
  /** The spec that was run; where its plank lay does not count. */
  readonly room: RoomSpec;
  /** SHA-256 of the plank, 64 hex digits. */
  readonly plank: string;
  readonly weights?: Readonly<Record<string, string>>;
  /** An Outcome, or what is left of one. */
  readonly outcome: ReceiptExit;
  /** Bytes, the path of a file that has them, or what is known of them already. */
  readonly outputs: Readonly<Record<string, Uint8Array | string | ReceiptOutput>>;
  /** Default: this one. */
  readonly machine?: Machine;
}

/** One thing that is not the same. null: it is not there. */
export interface ReceiptDifference {
  /** `outputs.stdout`, `exit.exitCode`, `machine.cpuFlags`. */
  readonly field: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** What comparing two receipts gave. */
export interface ReceiptComparison {
  /** Nothing in `differences`. */
  readonly identical: boolean;
  /** In what was run and what came out. */
  readonly differences: readonly ReceiptDifference[];
  /** Between the machines: what may explain differences, and would be none by itself. */
  readonly circumstances: readonly ReceiptDifference[];
}

/** Hashes what a run produced. Rejects with the system's error for a file that cannot be read. */
export async function makeReceipt(request: ReceiptRequest): Promise<Receipt> {
  const { reason, exitCode, signal } = request.outcome;
  const outputs: [string, ReceiptOutput][] = [];
  for (const name of Object.keys(request.outputs).sort()) {
    const output = request.outputs[name];
    if (output !== undefined) outputs.push([name, await hashOutput(output)]);
  }
  return {
    receipt: 1,
    room: roomDigest(request.room),
    plank: request.plank,
    weights: Object.fromEntries(
      Object.entries(request.weights ?? {}).sort(([left], [right]) => (left < right ? -1 : 1)),
    ),
    exit: { reason, exitCode, signal },
    outputs: Object.fromEntries(outputs),
    machine: request.machine ?? readMachine(),
  };
}

async function hashOutput(output: Uint8Array | string | ReceiptOutput): Promise<ReceiptOutput> {
  if (typeof output === 'object' && 'sha256' in output) return output;
  const hash = createHash('sha256');
  if (typeof output !== 'string') return { size: output.length, sha256: hash.update(output).digest('hex') };
  let size = 0;
  for await (const chunk of createReadStream(output) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}

/** Compares field by field. Pure. */
export function compareReceipts(expected: Receipt, actual: Receipt): ReceiptComparison {
  const differences = differencesOf(resultFields(expected), resultFields(actual));
  const circumstances = [
    ...differencesOf(machineFields(expected.machine), machineFields(actual.machine)),
    ...flagDifference(expected.machine.cpuFlags, actual.machine.cpuFlags),
  ];
  return { identical: differences.length === 0, differences, circumstances };
}

type Fields = ReadonlyMap<string, string>;

function resultFields({ room, plank, weights, exit, outputs }: Receipt): Fields {
  const hashes = Object.entries(outputs).map(
    ([name, { size, sha256 }]) => [child('outputs', name), `${sha256} (${size} bytes)`] as const,
  );
  return new Map([
    ['room', room],
    ['plank', plank],
    ...Object.entries(weights).map(([name, sha256]) => [child('weights', name), sha256] as const),
    ...Object.entries(exit).map(([name, value]) => [child('exit', name), String(value)] as const),
    ...hashes,
  ]);
}

function machineFields({ arch, cpu, kernel }: Machine): Fields {
  return new Map(
    Object.entries({ arch, cpu, kernel }).map(([name, value]) => [child('machine', name), value]),
  );
}

function differencesOf(expected: Fields, actual: Fields): ReceiptDifference[] {
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .map((field) => ({ field, expected: expected.get(field) ?? null, actual: actual.get(field) ?? null }))
    .filter((pair) => pair.expected !== pair.actual);
}

/** The flags that only one of them has. */
function flagDifference(expected: readonly string[], actual: readonly string[]): ReceiptDifference[] {
  const only = (some: readonly string[], others: readonly string[]): string | null =>
    some.filter((flag) => !others.includes(flag)).join(' ') || null;
  const pair = {
    field: 'machine.cpuFlags',
    expected: only(expected, actual),
    actual: only(actual, expected),
  };
  return pair.expected === null && pair.actual === null ? [] : [pair];
}

/**
 * Reads a receipt that somebody else wrote.
 *
 * @throws SpecTypeError or SpecRangeError that names the field.
 */
export function parseReceipt(value: unknown, field = 'receipt'): Receipt {
  const fields = readFields(value, field, [
    'receipt',
    'room',
    'plank',
    'weights',
    'exit',
    'outputs',
    'machine',
  ]);
  const at = (name: string): string => name.split('.').reduce(child, field);
  readInteger(fields.receipt, at('receipt'), 1, 1);
  const exit = readFields(fields.exit, at('exit'), ['reason', 'exitCode', 'signal']);
  const machine = readFields(fields.machine, at('machine'), ['arch', 'cpu', 'cpuFlags', 'kernel']);
  const short = (name: keyof typeof machine): string => readShort(machine[name], at(`machine.${name}`));
  return {
    receipt: 1,
    room: readHex(fields.room, at('room')),
    plank: readHex(fields.plank, at('plank')),
    weights: readNamed(fields.weights, at('weights'), readHex),
    exit: {
      reason: readShort(exit.reason, at('exit.reason')),
      exitCode: exit.exitCode === null ? null : readInteger(exit.exitCode, at('exit.exitCode'), 0, 255),
      signal: exit.signal === null ? null : readShort(exit.signal, at('exit.signal')),
    },
    outputs: readNamed(fields.outputs, at('outputs'), readOutput),
    machine: {
      arch: short('arch'),
      cpu: short('cpu'),
      cpuFlags: readArray(machine.cpuFlags, at('machine.cpuFlags')).map((flag, i) =>
        readShort(flag, `${at('machine.cpuFlags')}[${i}]`),
      ),
      kernel: short('kernel'),
    },
  };
}

function readOutput(value: unknown, field: string): ReceiptOutput {
  const { size, sha256 } = readFields(value, field, ['size', 'sha256']);
  return {
    size: readInteger(size, child(field, 'size'), 0, Number.MAX_SAFE_INTEGER),
    sha256: readHex(sha256, child(field, 'sha256')),
  };
}

function readNamed<T>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => T,
): Readonly<Record<string, T>> {
  const entries = [...readObject(value, field)].map(
    ([name, inner]) => [name, read(inner, child(field, name))] as const,
  );
  return Object.fromEntries(entries);
}

/** 64 hex digits in lower case. */
export function readHex(value: unknown, field: string): string {
  const text = readText(value, field);
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw wrongValue(field, '64 hex digits', value);
}

/** What can be shown in a line. */
function readShort(value: unknown, field: string): string {
  const text = readText(value, field);
  if (/^[^\p{Cc}\p{Cf}]{0,200}$/u.test(text)) return text;
  throw wrongValue(field, 'at most 200 printable characters', value);
}
