// A model is trained in a room of one Anchor and travels on a stick; a room of another Anchor behaves the same, bit by bit.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Anchor, packCapsule, recordRun, Vault, type RoomSpec } from '../../src/index.js';
import { anchor } from '../cli/anchor-command.js';
import { compatPlank } from '../compat/planks/planks.js';
import { scratch } from '../helpers/image.js';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';

const run = promisify(execFile);
/** A program of the story, as an argument of python3. */
const program = (name: string): Promise<string> => readFile(join('test/story/programs', name), 'utf8');

/** z = sin(3x) - y / 2 on a grid: a few kilobytes. */
const points = Array.from({ length: 15 * 15 }, (_, i) => {
  const [x, y] = [(i % 15) / 7 - 1, Math.floor(i / 15) / 7 - 1];
  return `${x.toFixed(6)} ${y.toFixed(6)} ${(Math.sin(3 * x) - y / 2).toFixed(6)}\n`;
}).join('');

interface Trained {
  readonly directory: string;
  readonly first: string;
  readonly asking: RoomSpec;
}

/** Vault A, in which a room has left a model. */
async function train(t: ExecutionContext): Promise<Trained> {
  const directory = await scratch(t);
  const first = join(directory, 'first');
  await using vault = await Vault.init(first);
  await writeFile(join(directory, 'points.txt'), points);
  await vault.put('planks/python', compatPlank('python'));
  await vault.put('datasets/points', join(directory, 'points.txt'));
  const asking: RoomSpec = {
    plank: 'python',
    command: ['python3', '-c', await program('ask.py')],
    mounts: [{ vault: 'models/tiny.json', at: '/weights' }],
    lifetime: '1min',
  };
  const plank = (await vault.inspect('planks/python')).path;
  const before = await standing(plank);
  const here = await Anchor.open({ vault: first, reserve: 0 });
  const { stdout, stderr, outcome } = await here.run({
    plank: 'python',
    command: ['python3', '-c', await program('train.py'), '/vault/models/tiny.json'],
    mounts: [
      { vault: 'datasets/points', at: '/data/points.txt' },
      { vault: 'models', at: '/vault/models', access: 'write', size: '16MiB' },
    ],
    lifetime: '2min',
  });
  t.is(outcome.exitCode, 0, stderr);
  t.regex(stdout, /^loss \d+\.\d+ -> \d+\.\d+\n$/);
  t.deepEqual(
    outcome.dropzones.flatMap(({ kept }) => kept.map(({ reference }) => reference)),
    ['models/tiny.json@1'],
  );
  await here.close();
  await assertNothingLeft(t, before, plank);
  return { directory, first, asking };
}

test('a model that was trained here behaves the same in another vault', async (t) => {
  const { directory, first, asking } = await train(t);
  const capsule = join(directory, 'tiny.capsule');
  {
    await using here = await Anchor.open({ vault: first, reserve: 0 });
    const { receipt, outcome } = await recordRun(here, asking);
    t.is(outcome.exitCode, 0);
    t.true(receipt.outputs['stdout']!.size > 0);
    await packCapsule({ output: capsule, room: asking, vault: here.vault!, expected: receipt, split: '4MB' });
  }

  // A stick with FAT32, written and read without a kernel; then nothing of the first Anchor is left.
  const stick = join(directory, 'stick.img');
  await run('mformat', ['-C', '-i', stick, '-F', '-c', '1', '-T', '140000', '::']);
  await run('mcopy', ['-s', '-i', stick, capsule, '::']);
  await rm(capsule, { recursive: true });
  await run('chmod', ['-R', 'u+w', first]);
  await rm(first, { recursive: true });
  await run('mcopy', ['-s', '-n', '-i', stick, '::tiny.capsule', capsule]);
  await run('sha256sum', ['-c', '--quiet', '--strict', 'manifest-sha256.txt'], { cwd: capsule });

  const second = join(directory, 'second');
  await (await Vault.init(second)).close();
  const replay = ['replay', '--vault', second, '--accept-unsigned', capsule];
  const { code, stdout, stderr } = await anchor(replay);
  t.is(code, 0, stderr);
  t.regex(stdout, /^verdict +identical$/m);
  t.regex(stdout, /^weights +models\/tiny\.json@1$/m);

  const again = await anchor([...replay, '--json']);
  t.is(again.code, 0, again.stderr);
  const { received, comparison } = JSON.parse(again.stdout) as {
    received: { weights: string[] };
    comparison: { identical: boolean };
  };
  t.true(comparison.identical);
  t.deepEqual(received.weights, ['models/tiny.json@1'], 'it was there already');
  await using vault = await Vault.open(second);
  t.true((await vault.verify()).ok);
  t.deepEqual(
    (await vault.list()).map(({ reference, generations }) => [reference, generations.length]),
    [
      ['planks/tiny', 1],
      ['models/tiny.json', 1],
    ],
  );
});

test('another model, or another answer, is not called the same', async (t) => {
  const { directory, first, asking } = await train(t);
  await using here = await Anchor.open({ vault: first, reserve: 0 });
  const { receipt } = await recordRun(here, asking);
  const model = JSON.parse(await readFile((await here.vault!.inspect('models/tiny.json')).path, 'utf8')) as {
    outward: number[];
  };
  // One unit in the last place of one weight.
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, model.outward[0]!);
  bits.setBigUint64(0, bits.getBigUint64(0) ^ 1n);
  model.outward[0] = bits.getFloat64(0);
  await writeFile(join(directory, 'other.json'), JSON.stringify(model));
  await here.vault!.put('models/tiny.json', join(directory, 'other.json'));
  await t.throwsAsync(
    packCapsule({
      output: join(directory, 'a.capsule'),
      room: asking,
      vault: here.vault!,
      expected: receipt,
    }),
    { code: 'ERR_COURIER_SOURCE', message: /another file or directory of weights, tiny\.json/ },
  );
  const lied = {
    ...(await recordRun(here, asking)).receipt,
    outputs: {
      ...receipt.outputs,
      stdout: { size: 3, sha256: createHash('sha256').update('no\n').digest('hex') },
    },
  };
  const capsule = join(directory, 'b.capsule');
  await packCapsule({ output: capsule, room: asking, vault: here.vault!, expected: lied });
  const second = join(directory, 'second');
  await (await Vault.init(second)).close();
  const { code, stdout } = await anchor(['replay', '--vault', second, '--accept-unsigned', capsule]);
  t.is(code, 9);
  t.regex(stdout, /^differs: outputs\.stdout was \w+ \(3 bytes\), is \w+ \(\d+ bytes\)$/m);
});
