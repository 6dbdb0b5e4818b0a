import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readMachine, type Machine } from '../../src/capsule/machine.js';
import { compareReceipts, makeReceipt, parseReceipt } from '../../src/capsule/receipt.js';
import { SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { hostFiles } from '../../src/host/files.js';
import { release } from 'node:os';
import { scratch } from '../helpers/image.js';

const machine: Machine = {
  arch: 'x64',
  cpu: 'A processor',
  cpuFlags: ['avx', 'avx2', 'sse'],
  kernel: '6.1.0',
};
const outcome = { reason: 'exited', exitCode: 0, signal: null };
const request = {
  room: { plank: '/planks/a.sqsh', command: ['train'], env: { SEED: '7', A: 'b' } },
  plank: 'a'.repeat(64),
  weights: { 'tiny.gguf': 'b'.repeat(64) },
  outcome,
  outputs: { stdout: Buffer.from('loss 0.25\n'), stderr: new Uint8Array() },
  machine,
};

test('hashes of what a run wrote, whether in memory or in a file', async (t) => {
  const path = join(await scratch(t), 'out');
  await writeFile(path, 'loss 0.25\n');
  const receipt = await makeReceipt(request);
  // printf 'loss 0.25\n' | sha256sum
  t.deepEqual(receipt.outputs['stdout'], {
    size: 10,
    sha256: 'f38a0805f0b27939de7aedb90617a5860f62b1ecb4f7a0ec3e3aa4b6c8d469bf',
  });
  t.deepEqual(
    (await makeReceipt({ ...request, outputs: { stdout: path } })).outputs['stdout'],
    receipt.outputs['stdout'],
  );
  t.deepEqual(Object.keys(receipt.outputs), ['stderr', 'stdout']);
});

test('where the plank lay, and how the keys of the spec were ordered, makes no difference', async (t) => {
  const other = {
    ...request,
    room: {
      env: { A: 'b', SEED: '7' },
      command: ['train'],
      plank: './b.sqsh',
      plankDigest: `sha256:${'a'.repeat(64)}`,
    },
  };
  t.deepEqual(await makeReceipt(other), await makeReceipt(request));
});

test('identical is what is equal in all but the machine', async (t) => {
  const expected = await makeReceipt(request);
  t.deepEqual(compareReceipts(expected, await makeReceipt(request)), {
    identical: true,
    differences: [],
    circumstances: [],
  });
  const elsewhere = { ...machine, cpuFlags: ['avx', 'avx512f', 'sse'], kernel: '6.18.0' };
  t.deepEqual(compareReceipts(expected, await makeReceipt({ ...request, machine: elsewhere })), {
    identical: true,
    differences: [],
    circumstances: [
      { field: 'machine.kernel', expected: '6.1.0', actual: '6.18.0' },
      { field: 'machine.cpuFlags', expected: 'avx2', actual: 'avx512f' },
    ],
  });
});

const changes: readonly (readonly [field: string, change: Partial<typeof request>])[] = [
  ['room', { room: { ...request.room, env: { SEED: '8', A: 'b' } } }],
  ['plank', { plank: 'c'.repeat(64) }],
  ['weights["tiny.gguf"]', { weights: { 'tiny.gguf': 'c'.repeat(64) } }],
  ['exit.exitCode', { outcome: { ...outcome, exitCode: 1 } }],
  ['exit.reason', { outcome: { ...outcome, reason: 'timed-out' } }],
  ['outputs.stdout', { outputs: { ...request.outputs, stdout: Buffer.from('loss 0.26\n') } }],
];

for (const [field, change] of changes) {
  test(`a difference is named: ${field}`, async (t) => {
    const { identical, differences } = compareReceipts(
      await makeReceipt(request),
      await makeReceipt({ ...request, ...change }),
    );
    t.false(identical);
    t.deepEqual(
      differences.map((difference) => difference.field),
      [field],
    );
  });
}

test('an output that is missing on one side is a difference', async (t) => {
  const more = await makeReceipt({ ...request, outputs: { ...request.outputs, log: Buffer.from('x') } });
  const { differences } = compareReceipts(await makeReceipt(request), more);
  t.deepEqual(
    differences.map(({ field, expected }) => [field, expected]),
    [['outputs.log', null]],
  );
});

test('a receipt survives JSON, and a bad one is refused by the name of its field', async (t) => {
  const receipt = await makeReceipt(request);
  t.deepEqual(parseReceipt(JSON.parse(JSON.stringify(receipt))), receipt);
  const bad: readonly (readonly [field: string, change: object])[] = [
    ['receipt.receipt', { receipt: 2 }],
    ['receipt.room', { room: 'A'.repeat(64) }],
    ['receipt.more', { more: 1 }],
    ['receipt.weights.a', { weights: { a: 'b' } }],
    ['receipt.outputs.a.size', { outputs: { a: { size: -1, sha256: 'a'.repeat(64) } } }],
    ['receipt.exit.exitCode', { exit: { ...receipt.exit, exitCode: 256 } }],
    ['receipt.exit.reason', { exit: { ...receipt.exit, reason: '\x1b[2J' } }],
    ['receipt.machine.cpuFlags', { machine: { ...machine, cpuFlags: 'avx' } }],
  ];
  for (const [field, change] of bad) {
    const error = t.throws(() => parseReceipt({ ...receipt, ...change }));
    t.true(
      (error as unknown) instanceof SpecTypeError || (error as unknown) instanceof SpecRangeError,
      field,
    );
    t.is((error as unknown as SpecTypeError).field, field);
  }
});

test('this machine, and one of which nothing is known', (t) => {
  const here = readMachine();
  t.is(here.arch, process.arch);
  t.is(here.kernel, release());
  t.true(here.cpuFlags.includes('sse2'));
  const nothing = { ...hostFiles, read: () => null };
  t.deepEqual(readMachine(nothing), { arch: process.arch, cpu: 'unknown', cpuFlags: [], kernel: 'unknown' });
});
