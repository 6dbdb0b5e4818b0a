import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Anchor, RoomError, type RoomSpec } from '../../src/index.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

// docs/flakes.md tells it: room misbehaves, destroy it, fix the declaration, build, spawn again with the same weights.
test('an agent adds a dependency, breaks the declaration, mends it and goes back', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open({ plank: 'agent' });
  await using anchor = await Anchor.open({ vault: offline.vault.path });
  const weights = join(offline.root, 'weights');
  await mkdir(weights);
  const spec = async (command: readonly string[]): Promise<RoomSpec> => {
    const { env } = (await flake.current())!;
    return {
      plank: 'agent',
      command,
      env,
      identity: 'host',
      mounts: [{ host: weights, at: '/vault', access: 'write' }],
    };
  };
  const output = async (...command: readonly string[]): Promise<string> => {
    const { stdout, stderr, outcome } = await anchor.run(await spec(command));
    t.deepEqual([outcome.reason, outcome.exitCode, stderr], ['exited', 0, '']);
    return stdout;
  };

  const first = await flake.declare({});
  t.regex(await output('hello'), /^hello from \/usr\/sbin\/hello\n$/);
  await output('sh', '-c', 'echo 42 > /vault/weights');
  // A living environment is no place to install things: what is not declared is not there.
  const missing = await t.throwsAsync(anchor.run(await spec(['count', '3'])), { instanceOf: RoomError });
  t.is(missing.code, 'ERR_ROOM_COMMAND_NOT_FOUND');

  await flake.declare({
    packages: { add: ['count'] },
    env: { GREETING: 'hi' },
    entry: { three: ['count', '3'] },
    services: { beside: { command: ['count', '9'] } },
  });
  const current = (await flake.current())!;
  t.is(await output(...current.entry['three']!), '1\n2\n3\n');
  t.is(await output('sh', '-c', 'echo $GREETING; cat /vault/weights'), 'hi\n42\n');
  // From inside, the same as from outside.
  t.deepEqual(JSON.parse(await output('cat', '/etc/anchor/environment.json')), {
    format: 1,
    ...current.manifest.environment,
  });

  // The room misbehaves and is destroyed; the mend is wrong at first.
  const wild = await anchor.spawn(await spec(['sh', '-c', 'while :; do :; done']));
  offline.addPackage('broken', 'echo "no rule to make frobnicate" >&2; exit 2');
  const failed = await t.throwsAsync<RoomError>(flake.declare({ packages: { add: ['broken'] } }));
  t.deepEqual([failed.code, failed.log], ['ERR_FLAKE_BUILD', ['no rule to make frobnicate']]);
  t.is((await flake.current())?.reference, current.reference);
  t.is(wild.state, 'running');
  await wild.destroy();
  t.is((await wild.exited).reason, 'destroyed');
  t.is(await output('count', '1'), '1\n');

  const mended = await flake.declare({ packages: { remove: ['hello'] }, entry: { hello: null } });
  await t.throwsAsync(anchor.run(await spec(['hello'])), { instanceOf: RoomError });
  t.is(await output('cat', '/vault/weights'), '42\n');

  t.is((await flake.rollback()).generation, mended.build.generation - 1);
  t.regex(await output('hello'), /^hello from /);
  await offline.vault.activate(first.build.reference);
  await t.throwsAsync(anchor.run(await spec(['count', '3'])), { instanceOf: RoomError });

  // Nothing of all that has touched a plank.
  for (const { reference, build } of [
    { reference: first.build.reference, build: first.build },
    { reference: mended.build.reference, build: mended.build },
  ]) {
    const { path } = await offline.vault.inspect(reference);
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
    t.is(`sha256:${digest}`, build.manifest.plank);
  }
  const operations: string[] = [];
  for await (const record of offline.vault.log())
    if (record.phase === 'done') operations.push(`${record.operation} ${record.reference ?? ''}`);
  t.deepEqual(operations.slice(1), [
    'put planks/agent@1',
    'declare planks/agent@1',
    'put planks/agent@2',
    'activate planks/agent@2',
    'declare planks/agent@2',
    'put planks/agent@3',
    'activate planks/agent@3',
    'declare planks/agent@3',
    'rollback planks/agent@2',
    'activate planks/agent@1',
  ]);
});

test('rooms need no Nix: only building does', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const { path } = await (await offline.open()).build();
  const before = process.env['PATH'];
  process.env['PATH'] = '';
  t.teardown(() => void (process.env['PATH'] = before));
  await using anchor = await Anchor.open();
  t.regex((await anchor.run({ plank: path, command: ['hello'] })).stdout, /^hello from /);
  await t.throwsAsync((await offline.open()).build(), { code: 'ERR_FLAKE_TOOL' });
});
