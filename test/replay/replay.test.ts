import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  Anchor,
  packCapsule,
  recordRun,
  replayCapsule,
  Vault,
  type Receipt,
  type RoomSpec,
} from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A vault with weights and a plank, and an Anchor on it. */
async function withVault(t: ExecutionContext): Promise<{ anchor: Anchor; vault: Vault; directory: string }> {
  const directory = await scratch(t);
  await (await Vault.init(join(directory, 'vault'))).close();
  const anchor = await Anchor.open({ vault: join(directory, 'vault'), reserve: 0 });
  t.teardown(() => anchor.close());
  const vault = anchor.vault!;
  await writeFile(join(directory, 'weights'), '0.25 0.5\n');
  await vault.put('models/tiny', join(directory, 'weights'));
  await vault.put('planks/tools', rooms.plank);
  return { anchor, vault, directory };
}

async function another(t: ExecutionContext): Promise<Anchor> {
  const path = join(await scratch(t), 'vault');
  await (await Vault.init(path)).close();
  const anchor = await Anchor.open({ vault: path, reserve: 0 });
  t.teardown(() => anchor.close());
  return anchor;
}

const asking = (line = 'cat /weights; echo warned >&2; exit 3'): RoomSpec => ({
  plank: 'tools',
  command: ['/bin/sh', '-c', line],
  mounts: [{ vault: 'models/tiny', at: '/weights' }],
});

test('a receipt names what was run, and what came of it', async (t) => {
  const { anchor, vault } = await withVault(t);
  const seen: string[] = [];
  const { receipt, outcome } = await recordRun(anchor, asking(), {
    onOutput: (name, chunk) => seen.push(`${name}: ${Buffer.from(chunk).toString()}`),
  });
  t.is(outcome.exitCode, 3);
  t.deepEqual(receipt.exit, { reason: 'exited', exitCode: 3, signal: null });
  t.is(receipt.plank, (await vault.inspect('planks/tools')).meta.sha256);
  t.deepEqual(receipt.weights, { tiny: (await vault.inspect('models/tiny')).meta.sha256 });
  // printf '0.25 0.5\n' | sha256sum
  t.deepEqual(receipt.outputs['stdout'], {
    size: 9,
    sha256: '3608bf42c33ccd493f0ca075de78fced36904777829921141b722c21b0f7cc60',
  });
  t.deepEqual(seen.sort(), ['stderr: warned\n', 'stdout: 0.25 0.5\n']);
});

test('where plank and weights lie, and under which number, is not what was run', async (t) => {
  const { anchor, vault, directory } = await withVault(t);
  const { receipt } = await recordRun(anchor, asking());
  await writeFile(join(directory, 'other'), '1 1\n');
  await vault.put('models/tiny', join(directory, 'other'));
  const same = { ...asking(), mounts: [{ vault: 'models/tiny@1', at: '/weights' }], plank: rooms.plank };
  t.deepEqual((await recordRun(anchor, same)).receipt, receipt);
  const other = (await recordRun(anchor, asking())).receipt;
  t.is(other.room, receipt.room);
  t.notDeepEqual(other.weights, receipt.weights);
});

test('what cannot be named by a hash is refused', async (t) => {
  const { anchor, vault, directory } = await withVault(t);
  await t.throwsAsync(recordRun(anchor, { plank: 'host', command: ['true'] }), {
    code: 'ERR_COURIER_SOURCE',
  });
  await vault.put('datasets/tiny', join(directory, 'weights'));
  const mounts = [
    { vault: 'models/tiny', at: '/weights' },
    { vault: 'datasets/tiny', at: '/data' },
  ];
  await t.throwsAsync(recordRun(anchor, { ...asking(), mounts }), {
    code: 'ERR_COURIER_SOURCE',
    message: /mounts\[0\].*mounts\[1\].*two things called tiny/,
  });
  await t.throwsAsync(recordRun(rooms.anchor, asking()), { code: 'ERR_ROOM_NO_VAULT' });
});

test('the room of a capsule runs with what came with it', async (t) => {
  const { anchor, vault, directory } = await withVault(t);
  const { receipt } = await recordRun(anchor, asking());
  const capsule = join(directory, 'tiny.capsule');
  const { room } = await packCapsule({ output: capsule, room: asking(), vault, expected: receipt });
  t.deepEqual(room.mounts, [{ vault: 'models/tiny', at: '/weights' }]);
  const there = await another(t);
  // What is called the same there is another thing, and stays the active one.
  await writeFile(join(directory, 'other'), '1 1\n');
  await there.vault!.put('models/tiny', join(directory, 'other'));
  const first = await replayCapsule(there, capsule, { acceptUnsigned: true });
  t.is(first.outcome.exitCode, 3);
  t.deepEqual(first.received.weights, ['models/tiny@2']);
  t.deepEqual(first.comparison, { identical: true, differences: [], circumstances: [] });
  t.is((await there.vault!.inspect('models/tiny')).generation, 1);
  const second = await replayCapsule(there, capsule, { acceptUnsigned: true });
  t.true(second.comparison?.identical);
  t.deepEqual(second.received.weights, ['models/tiny@2'], 'stored once');
  t.is(second.received.plank, first.received.plank);
});

test('a copy in the vault that is damaged is not taken for the weights of the capsule', async (t) => {
  const { anchor, vault, directory } = await withVault(t);
  const capsule = join(directory, 'tiny.capsule');
  const { receipt } = await recordRun(anchor, asking());
  await packCapsule({ output: capsule, room: asking(), vault, expected: receipt });
  const there = await another(t);
  const { path } = await there.vault!.put('models/tiny', join(directory, 'weights'));
  const bytes = await readFile(path);
  bytes[0]! ^= 1;
  await writeFile(path, bytes);
  const { received, comparison } = await replayCapsule(there, capsule, { acceptUnsigned: true });
  t.deepEqual(received.weights, ['models/tiny@2']);
  t.true(comparison?.identical);
});

test('what differs is told field by field; nothing to compare with is no agreement', async (t) => {
  const { anchor, vault, directory } = await withVault(t);
  const line = 'cat /weights; cat /proc/sys/kernel/random/uuid';
  const { receipt } = await recordRun(anchor, asking(line));
  const pack = (name: string, expected?: Receipt): Promise<{ path: string }> =>
    packCapsule({
      output: join(directory, `${name}.capsule`),
      room: asking(line),
      vault,
      ...(expected === undefined ? {} : { expected }),
    });
  const there = await another(t);
  const differing = await replayCapsule(there, (await pack('a', receipt)).path, { acceptUnsigned: true });
  t.false(differing.comparison?.identical);
  t.deepEqual(
    differing.comparison?.differences.map(({ field }) => field),
    ['outputs.stdout'],
  );
  t.is((await replayCapsule(there, (await pack('b')).path, { acceptUnsigned: true })).comparison, null);
});

test('a room that asks for more than every room has is refused before anything is stored', async (t) => {
  const { vault, directory } = await withVault(t);
  const output = join(directory, 'tiny.capsule');
  const spec: RoomSpec = { ...asking('id -u'), capabilities: ['CHOWN'] };
  await packCapsule({ output, room: spec, vault });
  const there = await another(t);
  await t.throwsAsync(replayCapsule(there, output, { acceptUnsigned: true }), {
    code: 'ERR_COURIER_RIGHTS',
    message: /capabilities/,
  });
  t.deepEqual(await there.vault!.list(), []);
  const { outcome } = await replayCapsule(there, output, { acceptUnsigned: true, grant: true });
  t.is(outcome.exitCode, 0);
});

test('a capsule that nobody accepted is not run, and an Anchor without a vault has no place for one', async (t) => {
  const { vault, directory } = await withVault(t);
  const output = join(directory, 'tiny.capsule');
  await packCapsule({ output, room: asking(), vault });
  await t.throwsAsync(replayCapsule(await another(t), output, {}), { code: 'ERR_COURIER_UNTRUSTED' });
  await t.throwsAsync(replayCapsule(rooms.anchor, output, { acceptUnsigned: true }), {
    code: 'ERR_ROOM_NO_VAULT',
  });
});

test('a signal ends a room that would run for ever', async (t) => {
  const { vault, directory } = await withVault(t);
  const output = join(directory, 'tiny.capsule');
  await packCapsule({ output, room: asking('echo started; sleep 1000'), vault });
  const there = await another(t);
  const controller = new AbortController();
  const { outcome } = await replayCapsule(there, output, {
    acceptUnsigned: true,
    signal: controller.signal,
    onOutput: () => controller.abort(new Error('enough')),
  });
  t.is(outcome.reason, 'aborted');
});
