// Places to write to from which things come into the vault when a room ends.
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  Anchor,
  Vault,
  type DropzoneSpec,
  type RoomError,
  type RoomSpec,
  type RunResult,
} from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { scratch } from '../helpers/image.js';
import { library, lines, roomPlank, until } from '../helpers/room.js';

interface World {
  readonly anchor: Anchor;
  readonly vault: Vault;
  readonly spec: (line: string, more?: Partial<DropzoneSpec>, rest?: Partial<RoomSpec>) => RoomSpec;
  readonly run: (line: string, more?: Partial<DropzoneSpec>, rest?: Partial<RoomSpec>) => Promise<RunResult>;
}

async function world(t: ExecutionContext): Promise<World> {
  const vault = await Vault.init(join(await scratch(t), 'vault'));
  const anchor = await Anchor.open({ vault: vault.path, reserve: 0 });
  t.teardown(async () => {
    await anchor.close();
    await vault.close();
  });
  const plank = await roomPlank();
  const spec: World['spec'] = (line, more, rest) => ({
    plank,
    command: ['sh', '-c', line],
    mounts: [{ vault: 'models', at: '/out', access: 'write', size: '8MiB', ...more }],
    ...rest,
  });
  return {
    anchor,
    vault,
    spec,
    run: async (...args) => {
      const result = await anchor.run(spec(...args));
      await result.room.removed;
      return result;
    },
  };
}

/** Loop devices whose file is one without a name in this vault. */
async function devicesOf(vault: Vault): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/sys/block')) {
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.startsWith(vault.path)) found.push(name);
  }
  return found;
}

async function nothingLeft(t: ExecutionContext, vault: Vault): Promise<void> {
  // The kernel gives a device back a moment after its last mount.
  await until(async () => (await devicesOf(vault)).length === 0);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
  t.deepEqual(await readdir(join(vault.path, 'leases')), []);
}

test('files and directories become generations, with who made them', async (t) => {
  const { anchor, vault, run } = await world(t);
  for (const user of ['root', 'app']) {
    const { outcome, room, stderr } = await run(
      `umask 077; printf weights >/out/tiny.gguf; mkdir -p /out/set/below/empty; printf a >/out/set/a; chmod 4755 /out/set/a
       ls -a /out | wc -l; stat -c %u:%g /out`,
      {},
      { user },
    );
    t.is(outcome.exitCode, 0, stderr);
    const [drop] = outcome.dropzones;
    t.like(drop, { at: '/out', vault: 'models', collected: true, refused: [] });
    const number = user === 'root' ? 1 : 2;
    t.deepEqual(
      drop?.kept.map(({ reference, size }) => [reference, size]),
      [
        [`models/set@${number}`, 1],
        [`models/tiny.gguf@${number}`, 7],
      ],
    );
    const tiny = await vault.inspect('models/tiny.gguf');
    t.is(drop?.kept[1]?.sha256, tiny.meta.sha256);
    t.deepEqual(tiny.meta.source, {
      type: 'room',
      room: room.id,
      path: '/out/tiny.gguf',
      outcome: 'exited',
      exitCode: 0,
    });
    t.is(await readFile(tiny.path, 'utf8'), 'weights');
    const set = await vault.inspect('models/set');
    t.deepEqual(set.meta.emptyDirectories, ['below/empty']);
    t.is((await stat(join(set.path, 'a'))).mode & 0o7777, 0o555, 'no set-user-id bit');
    t.is((await stat(join(set.path, 'a'))).uid, 0);
  }
  const stored = [];
  for await (const record of vault.log()) if (record.operation === 'put') stored.push(record);
  t.regex(String(stored[0]?.from), /^room room-.*: \/out\/set$/);
  t.true((await vault.verify()).ok);
  const { stdout } = await anchor.run({
    ...{ plank: await roomPlank(), command: ['cat', '/m'] },
    mounts: [{ vault: 'models/tiny.gguf', at: '/m' }],
  });
  t.is(stdout, 'weights');
  await nothingLeft(t, vault);
});

test('what is granted, and what the plan says', async (t) => {
  const { anchor, vault, spec } = await world(t);
  const plan = await anchor.plan(spec('true', { noExec: true }));
  t.like(plan.mounts.at(-1), { kind: 'dropzone', fd: -1, target: '/out' });
  t.deepEqual(await devicesOf(vault), [], 'a plan makes nothing');
  const { stdout, room } = await anchor.run(
    spec('grep " /out " /proc/self/mountinfo | cut -d" " -f6; cp /bin/busybox /out/b && /out/b true', {
      noExec: true,
    }),
  );
  t.regex(stdout, /^rw,nosuid,nodev,noexec/);
  t.is((await room.exited).exitCode, 126);
  t.deepEqual(
    room.granted.mounts.find(({ at }) => at === '/out'),
    { at: '/out', kind: 'dropzone', source: null, vault: 'models', access: 'write', noExec: true },
  );
});

test('nothing is kept of a command that failed, unless all is to be kept; that is not the active generation', async (t) => {
  const { vault, run } = await world(t);
  const failed = await run('echo 1 >/out/m; exit 3');
  t.deepEqual(failed.outcome.dropzones, [
    { at: '/out', vault: 'models', collected: false, kept: [], refused: [], checkpoints: null },
  ]);
  t.deepEqual(await vault.list(), []);
  t.is((await run('echo 1 >/out/m')).outcome.dropzones[0]?.kept[0]?.reference, 'models/m@1');
  const kept = await run('echo 2 >/out/m; exit 3', { keep: 'always' });
  t.is(kept.outcome.dropzones[0]?.kept[0]?.reference, 'models/m@2');
  t.is((await vault.inspect('models/m')).generation, 1);
  t.like((await vault.inspect('models/m@2')).meta.source, { outcome: 'exited', exitCode: 3 });
  const killed = await run('echo 3 >/out/m; kill -9 $$', { keep: 'always' });
  t.is(killed.outcome.dropzones[0]?.kept[0]?.reference, 'models/m@3');
  const late = await run('echo 4 >/out/m; sleep 1000', { keep: 'always' }, { lifetime: '300ms' });
  t.is(late.outcome.reason, 'timed-out');
  t.is(late.outcome.dropzones[0]?.kept[0]?.reference, 'models/m@4');
  await nothingLeft(t, vault);
});

test('a room cannot have more than its size, and takes that from the disk at once', async (t) => {
  const { anchor, vault, spec, run } = await world(t);
  const free = async (): Promise<number> => {
    const { bfree, bsize } = await statfs(vault.path);
    return bfree * bsize;
  };
  const before = await free();
  const room = await anchor.spawn(spec('sleep 1000', { size: '64MiB' }));
  t.true(before - (await free()) >= 60 * 2 ** 20);
  await room.destroy();
  const full = await run('dd if=/dev/zero of=/out/m bs=1M count=9; rm /out/m; echo $?; df -P /out | tail -1');
  t.regex(full.stderr, /No space left/);
  const [, blocks] = (lines(full.stdout)[1] ?? '').split(/ +/);
  t.true(Number(blocks) * 1024 <= 8 * 2 ** 20);
  const huge = await t.throwsAsync<RoomError>(anchor.spawn(spec('true', { size: '16TiB' })));
  t.is(huge.code, 'ERR_VAULT_NO_SPACE');
  t.regex(huge.message, /^mounts\[0\]/);
  await nothingLeft(t, vault);
});

test('several of them, with exec, and of two users', async (t) => {
  const { anchor, vault, spec } = await world(t);
  const room = await anchor.spawn({
    ...spec('read line; exit 0', {}, { user: 'app' }),
    mounts: [
      { vault: 'models', at: '/out/models', access: 'write', size: '2MiB' },
      { vault: 'datasets', at: '/out/sets', access: 'write', size: '2MiB', keep: 'always' },
    ],
  });
  const written = await room.exec(['sh', '-c', 'echo m >/out/models/m; echo d >/out/sets/d']);
  t.is((await written.exited).exitCode, 0);
  t.deepEqual((await written.exited).dropzones, []);
  room.stdin?.end('\n');
  const { dropzones } = await room.exited;
  t.deepEqual(
    dropzones.map(({ at, kept }) => [at, kept[0]?.reference]),
    [
      ['/out/models', 'models/m@1'],
      ['/out/sets', 'datasets/d@1'],
    ],
  );
  await room.removed;
  await nothingLeft(t, vault);
});

test('each room of a pool has one of its own', async (t) => {
  const { anchor, vault, spec } = await world(t);
  const pool = anchor.pool(spec('true'), { size: 2, refill: 'idle' });
  await pool.ready();
  t.is((await devicesOf(vault)).length, 2);
  const first = await pool.take({ command: ['sh', '-c', 'echo 1 >/out/m; ls /out'] });
  t.is((await first.exited).dropzones[0]?.kept[0]?.reference, 'models/m@1');
  const second = await pool.take({ command: ['sh', '-c', 'ls /out | wc -l; echo 2 >/out/m'] });
  t.is((await second.exited).dropzones[0]?.kept[0]?.reference, 'models/m@2');
  await pool.close();
  await Promise.all([first.removed, second.removed]);
  await nothingLeft(t, vault);
});

test('nothing is left of a start that failed', async (t) => {
  const { anchor, vault, spec } = await world(t);
  await t.throwsAsync(anchor.spawn({ ...spec('true'), command: ['/no/such/program'] }));
  await nothingLeft(t, vault);
  await t.throwsAsync(anchor.spawn(spec('true', { at: '/bin/sh/below' })));
  await nothingLeft(t, vault);
  await using without = await Anchor.open({ reserve: 0 });
  const none = await t.throwsAsync<RoomError>(without.spawn(spec('true')));
  t.is(none.code, 'ERR_ROOM_NO_VAULT');
  const room = await anchor.spawn(spec('echo 1 >/out/m; sleep 1000', { keep: 'always' }));
  await until(async () => (await room.files.list('/out')).length > 0);
  await anchor.close();
  t.is((await room.exited).reason, 'owner-closed');
  t.is((await room.exited).dropzones[0]?.kept[0]?.reference, 'models/m@1', 'what is to be kept is');
  await nothingLeft(t, vault);
});

test('a program that is killed leaves nothing of them behind', async (t) => {
  const { vault, spec } = await world(t);
  const program = startFresh(`
    const { Anchor } = await import(${JSON.stringify(library)});
    const anchor = await Anchor.open({ vault: ${JSON.stringify(vault.path)}, reserve: 0 });
    await anchor.spawn(${JSON.stringify(spec('dd if=/dev/zero of=/out/m bs=1M count=3; sleep 1000', { keep: 'always' }))});
    console.log('ready');
    setInterval(() => {}, 1000);
  `);
  t.is(await program.line(), 'ready');
  t.is((await devicesOf(vault)).length, 1);
  program.child.kill('SIGKILL');
  await program.ended;
  await nothingLeft(t, vault);
  t.deepEqual(await vault.list(), []);
});
