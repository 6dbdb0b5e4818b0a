// A program that is killed while it collects what a room has left: the old state is there, or the new one, each thing whole.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Vault, type RoomSpec } from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { scratch } from '../helpers/image.js';
import { library, roomPlank, until } from '../helpers/room.js';

const size = 12 << 20;

/** Two things, large enough that their collection can be met in the middle. */
const leaves = ['a', 'b'].map((name) => `head -c ${size} /dev/urandom >/out/${name}`).join('; ');

async function hasBytes(directory: string): Promise<boolean> {
  const found = await readdir(directory, { recursive: true }).catch(() => []);
  for (const name of found) {
    const info = await stat(join(directory, name)).catch(() => null);
    // The copy, and not what says whose it is.
    if (info?.isFile() === true && info.size > 1 << 20) return true;
  }
  return false;
}

const thereIs = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const moments: Readonly<Record<string, (vault: string) => Promise<boolean>>> = {
  'something is staged': async (vault) => (await readdir(join(vault, 'stage'))).length > 0,
  'bytes are copied': (vault) => hasBytes(join(vault, 'stage')),
  'the first thing is in its place': (vault) => thereIs(join(vault, 'models/.gen/a/0001')),
  'the first thing is active': (vault) => thereIs(join(vault, 'models/a')),
};

for (const [name, reached] of Object.entries(moments))
  for (const when of ['at the end', 'as a checkpoint'] as const)
    test(`killed when ${name}, ${when}`, async (t) => {
      const vault = await Vault.init(join(await scratch(t), 'vault'));
      t.teardown(() => vault.close());
      const checkpoints = when === 'as a checkpoint';
      const spec: RoomSpec = {
        plank: await roomPlank(),
        command: ['sh', '-c', checkpoints ? `${leaves}; mv /out/* /out/.checkpoints; sleep 1000` : leaves],
        mounts: [
          {
            ...{ vault: 'models', at: '/out', access: 'write', size: '48MiB' },
            ...(checkpoints ? { checkpoints: { every: '1s' } } : {}),
          },
        ],
      };
      const program = startFresh(`
        const { Anchor } = await import(${JSON.stringify(library)});
        const anchor = await Anchor.open({ vault: ${JSON.stringify(vault.path)}, reserve: 0 });
        await anchor.run(${JSON.stringify(spec)});
      `);
      let ended = false;
      void program.ended.then(() => (ended = true));
      await until(async () => ended || (await reached(vault.path)));
      program.child.kill('SIGKILL');
      await program.ended;
      await wholeOrNothing(t, vault);
    });

async function wholeOrNothing(t: ExecutionContext, vault: Vault): Promise<void> {
  await until(async () => {
    const devices = await readdir('/sys/block');
    const files = devices.map((each) => `/sys/block/${each}/loop/backing_file`);
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
    return !texts.some((text) => text.startsWith(vault.path));
  });
  // Whoever changes the vault next puts in order what is left.
  const source = join(await scratch(t), 'other');
  await writeFile(source, 'other');
  await vault.put('models/other', source);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
  const { ok, ...report } = await vault.verify();
  t.true(ok, JSON.stringify(report));
  for (const { name, generations } of await vault.list()) {
    t.is(generations.length, 1, name);
    const { meta, path } = await vault.inspect(`models/${name}`);
    t.is(meta.size, name === 'other' ? 5 : size, name);
    t.is((await stat(path)).size, meta.size);
  }
}
