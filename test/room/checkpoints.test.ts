// What a room has kept while it runs: it moves things to `.checkpoints` of a dropzone.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  Anchor,
  Vault,
  type CheckpointEvent,
  type CheckpointsSpec,
  type DropzoneOutcome,
  type DropzoneSpec,
  type RoomSpec,
} from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { roomPlank } from '../helpers/room.js';

interface World {
  readonly anchor: Anchor;
  readonly vault: Vault;
  readonly spec: (line: string, checkpoints?: CheckpointsSpec, more?: Partial<DropzoneSpec>) => RoomSpec;
  readonly run: (
    ...args: Parameters<World['spec']>
  ) => Promise<{ drop: DropzoneOutcome; stdout: string; stderr: string; events: CheckpointEvent[] }>;
}

async function world(t: ExecutionContext): Promise<World> {
  const vault = await Vault.init(join(await scratch(t), 'vault'));
  const anchor = await Anchor.open({ vault: vault.path, reserve: 0 });
  t.teardown(async () => {
    await anchor.close();
    await vault.close();
  });
  const plank = await roomPlank();
  const spec: World['spec'] = (line, checkpoints = { every: '1s' }, more = {}) => ({
    plank,
    command: ['sh', '-c', line],
    lifetime: '2min',
    mounts: [{ vault: 'models', at: '/out', access: 'write', size: '24MiB', checkpoints, ...more }],
  });
  return {
    anchor,
    vault,
    spec,
    run: async (...args) => {
      const events: CheckpointEvent[] = [];
      const listener = (_: unknown, event: CheckpointEvent): void => void events.push(event);
      anchor.on('checkpoint', listener);
      const { outcome, room, stdout, stderr } = await anchor.run(spec(...args));
      await room.removed;
      anchor.off('checkpoint', listener);
      const [drop] = outcome.dropzones;
      if (drop === undefined) throw new Error('a dropzone has no outcome');
      return { drop, stdout, stderr, events };
    },
  };
}

/** Waits in the room until something is there. */
const until = (path: string): string => `until [ -e ${path} ]; do sleep 0.1; done`;

test('what a room moves to .checkpoints is kept while it runs, and comes back', async (t) => {
  const { vault, run } = await world(t);
  const { drop, events, stderr, stdout } = await run(
    `printf one >/out/m; mv /out/m /out/.checkpoints/m; ${until('/out/.checkpoints/.kept/m@1')}
     rm /out/.checkpoints/.kept/m@1
     mkdir -p /out/new/below; printf two >/out/new/below/f; mv /out/new /out/.checkpoints/m; ${until('/out/.checkpoints/.kept/m@2')}
     rm -r /out/.checkpoints/.kept/m@2; ls -A /out /out/.checkpoints/.kept; printf three >/out/m`,
  );
  t.is(stderr, '');
  t.deepEqual(stdout.split('\n').filter(Boolean), ['/out:', '.checkpoints', '/out/.checkpoints/.kept:']);
  t.deepEqual(
    drop.checkpoints?.kept.map(({ reference, size }) => [reference, size]),
    [
      ['models/m@1', 3],
      ['models/m@2', 3],
    ],
  );
  t.deepEqual(drop.checkpoints?.refused, []);
  t.deepEqual(
    drop.kept.map(({ reference }) => reference),
    ['models/m@3'],
  );
  t.deepEqual(drop.refused, []);
  t.deepEqual(
    events.map(({ type, at, kept }) => [type, at, kept[0]?.reference]),
    [
      ['checkpoint', '/out', 'models/m@1'],
      ['checkpoint', '/out', 'models/m@2'],
    ],
  );
  const { meta } = await vault.inspect('models/m@2');
  t.like(meta.source, { type: 'room', path: '/out/m', checkpoint: 2 });
  t.is((await vault.inspect('models/m')).generation, 3, 'of the end');
  t.true((await vault.verify()).ok);
});

test('a checkpoint stays whatever the end of the room, and is not the active generation', async (t) => {
  const { vault, run } = await world(t);
  for (const number of [1, 2]) {
    const { drop } = await run(
      `printf ${number} >/out/m; mv /out/m /out/.checkpoints; echo >/out/other; kill -9 $$`,
      { every: '1h' },
    );
    t.is(drop.checkpoints?.kept[0]?.reference, `models/m@${number}`, 'what was asked for before the end');
    t.false(drop.collected);
    t.deepEqual(drop.kept, []);
  }
  t.is((await vault.inspect('models/m')).generation, 1);
});

test('who has no checkpoints in the spec has no such directory', async (t) => {
  const { anchor, spec } = await world(t);
  const { outcome } = await anchor.run({
    ...spec('mkdir /out/.checkpoints; touch /out/.checkpoints/m'),
    mounts: [{ vault: 'models', at: '/out', access: 'write', size: '24MiB' }],
  });
  t.is(outcome.dropzones[0]?.checkpoints, null);
  t.like(outcome.dropzones[0]?.refused[0], { entry: '".checkpoints"' });
});

test('hostile things are refused, each alone', async (t) => {
  const { vault, run } = await world(t);
  const asked = '/out/.checkpoints';
  const { drop, stdout, stderr } = await run(
    `cd /out; ln -s /etc/passwd link; mkfifo fifo; echo a >hard; ln hard second; echo b >'Not A Name'; mkdir tree; ln -s /etc tree/etc
     truncate -s 1024G huge; echo open >open; exec 3>>open; printf good >good
     mv link fifo hard 'Not A Name' tree huge open good ${asked}
     ${until(`${asked}/.kept/good@1`)}; ${until(`${asked}/.refused/tree.*`)}; ls ${asked} ${asked}/.refused; : >&3`,
    { every: '1s' },
  );
  t.is(stderr, '');
  const words = stdout.split('\n');
  for (const name of ['fifo', 'hard', 'huge', 'link', 'open', 'tree'])
    t.true(
      words.some((word) => word.startsWith(`${name}.`)),
      name,
    );
  t.deepEqual(
    drop.checkpoints?.kept.map(({ reference }) => reference),
    ['models/good@1'],
  );
  const refused = new Map(drop.checkpoints?.refused.map(({ entry, code, why }) => [entry, `${code} ${why}`]));
  t.deepEqual(
    [...refused.keys()].sort(),
    ['"Not A Name"', '"fifo"', '"hard"', '"huge"', '"link"', '"open"', '"tree"'].sort(),
  );
  t.regex(refused.get('"open"') ?? '', /^ERR_VAULT_SOURCE_CHANGED .*written/);
  t.regex(refused.get('"link"') ?? '', /symbolic link/);
  t.regex(refused.get('"hard"') ?? '', /second name/);
  t.deepEqual(
    (await vault.list()).map(({ name }) => name),
    ['good'],
  );
  t.like(drop.refused, [{ entry: '"second"' }], 'its other name is there still');
});

test('a room that floods makes no more work than its spec says', async (t) => {
  const { vault, run } = await world(t);
  const { drop, events } = await run(
    `cd /out; i=0; while [ $i -lt 1200 ]; do echo $i >.checkpoints/f$i; i=$((i+1)); done; sleep 2`,
    { every: '1s', most: 4 },
  );
  t.is(events.length, 4);
  t.is((drop.checkpoints?.kept.length ?? 0) + (drop.checkpoints?.refused.length ?? 0), 4);
  t.is((await vault.list()).length, 4);
  t.true(drop.collected);
});

test('a room that exchanges the directories reaches nothing outside', async (t) => {
  const { vault, run } = await world(t);
  const { drop } = await run(
    `cd /out; mv .checkpoints old; mkdir real; echo mine >real/passwd; ln -s /etc .checkpoints
     rm -rf old/.kept; ln -s /etc old/.kept; echo x >old/m; sleep 3; mv old/.taken away 2>/dev/null; echo y >old/n; sleep 3; rm -r real`,
  );
  const kept = drop.checkpoints?.kept.map(({ reference }) => reference) ?? [];
  t.true(kept.every((reference) => /^models\/[mn]@1$/.test(reference)));
  t.true(kept.includes('models/m@1'));
  t.is(await readFile((await vault.inspect('models/m')).path, 'utf8'), 'x\n');
  await t.throwsAsync(stat('/etc/m@1'), { code: 'ENOENT' });
  await t.throwsAsync(stat('/etc/n@1'), { code: 'ENOENT' });
});

test('what is written to while it is taken is kept as it was at one moment, or refused', async (t) => {
  const { vault, run } = await world(t);
  // It goes on writing into the directory that was taken, from the inside.
  const { drop } = await run(
    `mkdir /out/set; cd /out/set; d() { head -c 2097152 /dev/zero | tr '\\0' $1 | dd of=f conv=notrunc bs=4k 2>/dev/null; }
     d a; round() { (cd /out/set; mv /out/set /out/.checkpoints/set; i=0
       while [ $i -lt 40 ] && [ -z "$(ls /out/.checkpoints/.kept /out/.checkpoints/.refused | grep set)" ]; do for c in a b c; do d $c; done; i=$((i+1)); done)
       mv /out/.checkpoints/.kept/set* /out/set 2>/dev/null || mv /out/.checkpoints/.refused/set* /out/set; }
     round; round; round`,
  );
  const { kept = [], refused = [] } = drop.checkpoints ?? {};
  t.is(kept.length + refused.length, 3, JSON.stringify(drop));
  for (const { code } of refused) t.is(code, 'ERR_VAULT_SOURCE_CHANGED');
  for (const { reference } of kept) {
    const bytes = await readFile(join((await vault.inspect(reference)).path, 'f'));
    t.is(bytes.length, 2 << 20);
    t.is(new Set(bytes).size, 1, 'of one moment');
  }
});
