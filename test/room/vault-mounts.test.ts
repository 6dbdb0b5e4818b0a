// What a vault has, in rooms: read-only, of one generation, and held for as long as there is anything of the room.
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Anchor, Vault, type MountSpec, type RoomError, type RoomSpec } from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { hostDirectory, library, lines, roomPlank, until } from '../helpers/room.js';

interface World {
  readonly anchor: Anchor;
  readonly vault: Vault;
  readonly directory: string;
  readonly spec: (line: string, mounts: readonly MountSpec[], more?: Partial<RoomSpec>) => RoomSpec;
  readonly output: (line: string, mounts: readonly MountSpec[], more?: Partial<RoomSpec>) => Promise<string>;
  /** Who is in the way of removing it. */
  readonly inUse: (reference: string) => Promise<string>;
}

async function world(t: ExecutionContext): Promise<World> {
  // A tmpfs, which a guest has for the rest, takes idmapped mounts from Linux 6.3 on.
  const directory = await hostDirectory(t);
  const vault = await Vault.init(join(directory, 'vault'));
  for (const content of ['one', 'two', 'three']) {
    await writeFile(join(directory, 'm'), content);
    await vault.put('models/m', join(directory, 'm'));
  }
  const tree = join(directory, 'tree/below');
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, 'file'), 'in a tree');
  await vault.put('datasets/d', join(directory, 'tree'));
  const anchor = await Anchor.open({ vault: vault.path, reserve: 2 });
  t.teardown(async () => {
    await anchor.close();
    await vault.close();
  });
  const plank = await roomPlank();
  const spec: World['spec'] = (line, mounts, more = {}) => ({
    plank,
    command: ['sh', '-c', line],
    mounts,
    ...more,
  });
  return {
    anchor,
    vault,
    directory,
    spec,
    output: async (line, mounts, more) => {
      const { stdout, stderr, outcome, room } = await anchor.run(spec(line, mounts, more));
      await room.removed;
      t.is(outcome.exitCode, 0, stderr);
      return stdout;
    },
    inUse: async (reference) => {
      const error = await t.throwsAsync<RoomError>(vault.remove(reference));
      t.is(error.code, 'ERR_VAULT_IN_USE');
      return error.message;
    },
  };
}

const leases = (vault: Vault): Promise<string[]> => readdir(join(vault.path, 'leases'));

test('files and directories, read-only, readable for whoever the room runs', async (t) => {
  const { output } = await world(t);
  const mounts = [
    { vault: 'models/m', at: '/in/model' },
    { vault: 'datasets/d@1', at: '/data', noExec: true },
  ];
  for (const user of ['root', 'app']) {
    const said = await output(
      `cat /in/model /data/below/file; echo
       stat -c %u:%g /in/model /data | uniq
       for file in /in/model /data/below/file /data/new; do (echo x >$file) 2>/dev/null && echo written; done
       grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6`,
      mounts,
      { user },
    );
    const id = user === 'root' ? '0:0' : '1000:1000';
    t.deepEqual(lines(said).slice(0, 2), ['threein a tree', id], user);
    t.regex(lines(said)[2] ?? '', /^ro,nosuid,nodev,noexec/);
  }
  t.is(await output('cat /in/model', mounts, { identity: 'host' }), 'three');
});

test('a reference without a number is one generation, also when another one becomes the active one', async (t) => {
  const { anchor, vault, directory, spec } = await world(t);
  const room = await anchor.spawn(
    spec('cat /m; read line; cat /m', [{ vault: 'models/m', at: '/m' }], { stdio: 'pipe' }),
  );
  t.like(
    room.granted.mounts.find(({ at }) => at === '/m'),
    { kind: 'bind', vault: 'models/m@3', access: 'read' },
  );
  await writeFile(join(directory, 'm'), 'four');
  await vault.put('models/m', join(directory, 'm'));
  room.stdin?.end('\n');
  const said: Buffer[] = [];
  for await (const chunk of room.stdout ?? []) said.push(chunk as Buffer);
  t.is(Buffer.concat(said).toString(), 'threethree');
  const { stdout, room: next } = await anchor.run(spec('cat /m', [{ vault: 'models/m', at: '/m' }]));
  t.is(stdout, 'four');
  t.is(next.granted.mounts.find(({ at }) => at === '/m')?.vault, 'models/m@4');
  const plan = await anchor.plan(spec('true', [{ vault: 'models/m@2', at: '/m' }]));
  t.like(plan.mounts.at(-1), { source: join(vault.path, 'models/.gen/m/0002/m') });
});

test('what a living room uses is not removed, and what a room used is', async (t) => {
  const { anchor, vault, spec, inUse } = await world(t);
  const room = await anchor.spawn(spec('sleep 1000', [{ vault: 'models/m@1', at: '/m' }]));
  t.regex(await inUse('models/m@1'), new RegExp(`models/m@1 is used by room ${room.id} \\(process \\d+\\)`));
  const { kept } = await vault.collect({ keep: 1 });
  t.true(kept.some(({ why }) => why.includes(room.id)));
  // Still there, and so it is for what comes later in the room.
  const more = await room.exec(['cat', '/m']);
  t.is((await more.exited).exitCode, 0);
  await room.destroy();
  t.deepEqual(await leases(vault), []);
  t.deepEqual(await vault.remove('models/m@1'), ['models/m@1']);
});

test('nothing is held after a plan, an abort, or a start that failed', async (t) => {
  const { anchor, vault, spec } = await world(t);
  const mounts = [{ vault: 'models/m@1', at: '/m' }];
  await anchor.plan(spec('true', mounts));
  t.deepEqual(await leases(vault), []);
  const failed = await t.throwsAsync<RoomError>(
    anchor.spawn({ ...spec('', mounts), command: ['/no/such/program'] }),
  );
  t.is(failed.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.deepEqual(await leases(vault), []);
  const target = await t.throwsAsync<RoomError>(
    anchor.spawn(spec('true', [...mounts, { vault: 'models/m@2', at: '/bin/sh/below' }])),
  );
  t.is(target.code, 'ERR_ROOM_MOUNT_TARGET');
  t.deepEqual(await leases(vault), []);
  for (const wait of [0, 1, 3, 10]) {
    const stop = new AbortController();
    const spawning = anchor.spawn(spec('sleep 1000', mounts), { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), wait);
    const outcome = await spawning.then(
      (room) => room.exited.then(({ reason }) => room.removed.then(() => reason)),
      (error: unknown) => (error as Error).message,
    );
    t.true(['aborted', 'enough'].includes(outcome), outcome);
    t.deepEqual(await leases(vault), []);
  }
});

test('a missing name or generation is told by its field, before anything is made', async (t) => {
  const { anchor, vault, spec } = await world(t);
  for (const [reference, text] of [
    ['models/m@9', /^mounts\[1\]\.vault: the vault has no such generation: models\/m@9$/],
    ['datasets/other', /^mounts\[1\]\.vault: the vault has no datasets\/other$/],
  ] as const) {
    const mounts = [
      { vault: 'models/m', at: '/m' },
      { vault: reference, at: '/x' },
    ];
    const error = await t.throwsAsync<RoomError>(anchor.spawn(spec('true', mounts)));
    t.is(error.code, 'ERR_VAULT_NO_ENTRY');
    t.regex(error.message, text);
    t.truthy(error.hint);
  }
  t.deepEqual(await leases(vault), []);
  await using without = await Anchor.open({ reserve: 0 });
  const none = await t.throwsAsync<RoomError>(
    without.spawn({ plank: '/no/such.sqsh', command: ['true'], mounts: [{ vault: 'models/m', at: '/m' }] }),
  );
  t.is(none.code, 'ERR_ROOM_NO_VAULT', 'told before the plank is looked for');
});

test('no link leads out of the vault, whoever put it there', async (t) => {
  const { anchor, vault, directory, spec, output } = await world(t);
  await writeFile(join(directory, 'secret'), 'secret');
  const generation = join(vault.path, 'models/.gen/m/0001');
  const swap = async (path: string, to: string): Promise<void> => {
    await rename(path, `${path}.away`);
    await symlink(to, path);
  };
  await swap(join(generation, 'm'), join(directory, 'secret'));
  const refused = async (reference: string): Promise<void> => {
    const error = await t.throwsAsync<RoomError>(
      anchor.spawn(spec('cat /m', [{ vault: reference, at: '/m' }])),
    );
    t.is(error.code, 'ERR_VAULT_DAMAGED', error.message);
    t.regex(error.message, /^mounts\[0\]\.vault: .* symbolic link/);
  };
  await refused('models/m@1');
  await swap(join(vault.path, 'models/.gen/m/0002'), directory);
  await refused('models/m@2');
  // Inside of a tree a link says what it says in the room.
  await symlink(directory, join(vault.path, 'datasets/.gen/d/0001/d/link'));
  t.is(await output('cat /d/link/secret || true', [{ vault: 'datasets/d', at: '/d' }]), '');
  t.deepEqual(await leases(vault), []);
});

test('rooms of a pool hold what they wait with, and get the active generation of when they were made', async (t) => {
  const { anchor, vault, spec, inUse } = await world(t);
  const pool = anchor.pool(spec('true', [{ vault: 'models/m', at: '/m' }]), { size: 2, refill: 'idle' });
  await pool.ready();
  t.is((await leases(vault)).length, 2);
  await vault.rollback('models/m');
  t.regex(await inUse('models/m@3'), /used by room .*, room /);
  const room = await pool.take({ command: ['cat', '/m'] });
  t.is(room.granted.mounts.find(({ at }) => at === '/m')?.vault, 'models/m@3');
  await room.removed;
  await until(async () => pool.counters.waiting === 2);
  await pool.close();
  t.deepEqual(await leases(vault), []);
});

test('what a program held that was killed is free', async (t) => {
  const { vault } = await world(t);
  const plank = await roomPlank();
  const program = startFresh(`
    const { Anchor } = await import(${JSON.stringify(library)});
    const anchor = await Anchor.open({ vault: ${JSON.stringify(vault.path)}, reserve: 0 });
    await anchor.spawn({ plank: ${JSON.stringify(plank)}, command: ['sleep', '1000'], mounts: [{ vault: 'models/m@1', at: '/m' }] });
    console.log('ready');
    setInterval(() => {}, 1000);
  `);
  t.is(await program.line(), 'ready');
  const held = await t.throwsAsync<RoomError>(vault.remove('models/m@1'));
  t.is(held.code, 'ERR_VAULT_IN_USE');
  program.child.kill('SIGKILL');
  await program.ended;
  t.deepEqual(await vault.remove('models/m@1'), ['models/m@1']);
  t.deepEqual(await leases(vault), []);
});

test('closing the Anchor gives everything back', async (t) => {
  const { anchor, vault, spec } = await world(t);
  await anchor.spawn(spec('sleep 1000', [{ vault: 'models/m@1', at: '/m' }]));
  await anchor.close();
  t.deepEqual(await leases(vault), []);
});
