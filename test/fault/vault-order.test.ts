// What a put does is recorded, and at each step that others can see it is asked what a power cut would lose then. The same questions about
// the same record without some of its fsync are the control: they have to find something.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Vault } from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { joinedProgram } from '../helpers/joined-program.js';
import { recordWrites, Volatile, type Write } from './helpers/write-log.js';

/** Places where something is shown to others that is not on the disk. */
function violations(writes: readonly Write[], vault: string): readonly string[] {
  const disk = new Volatile();
  const found: string[] = [];
  const place = join(vault, 'datasets/.gen/set/0002');
  const link = join(vault, 'datasets/set');
  for (const write of writes) {
    // A generation comes to its place: all that is in it must be there to stay.
    if (write.call === 'rename' && write.path === place)
      found.push(
        ...disk
          .below(write.from ?? '')
          .filter((each) => !each.endsWith(` of ${write.from ?? ''}`))
          .map((each) => `in its place without ${each}`),
      );
    // The link leads to it: so must its place.
    if (write.call === 'rename' && write.path === link) {
      const above = [join(vault, 'datasets/.gen/set'), place].flatMap((path) => disk.below(path));
      found.push(...above.map((each) => `active without ${each}`));
    }
    // The log says that it is done.
    if (write.call === 'write' && write.path.endsWith('audit.jsonl'))
      found.push(...[...disk.below(join(vault, 'datasets'))].map((each) => `told without ${each}`));
    disk.apply(write);
  }
  const told = disk.below(vault).filter((each) => !/\/(stage|locks|leases)\//.test(each));
  return [...found, ...told.map((each) => `resolved without ${each}`)];
}

test('nothing is shown before it is on the disk, and without fsync the same test fails', async (t) => {
  const directory = await scratch(t);
  const path = join(directory, 'vault');
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'below/empty'), { recursive: true });
  const vault = await Vault.init(path);
  for (const name of ['a', 'below/b']) await writeFile(join(tree, name), name.repeat(5000));
  await vault.put('datasets/set', tree);
  await vault.close();
  // Some are shared, some are new.
  for (const name of ['c', 'below/d']) await writeFile(join(tree, name), name.repeat(5000));

  const driver = await joinedProgram('test/fault/helpers/vault-driver');
  const words = [process.execPath, driver, path, 'put', 'datasets/set', tree];
  const writes = await recordWrites(words, join(directory, 'log'), path);
  const count = (call: Write['call']): number => writes.filter((write) => write.call === call).length;
  t.log(
    `${count('write')} writes, ${count('make')} new names, ${count('rename')} renames, ${count('sync')} syncs`,
  );
  t.true(count('rename') >= 2 && count('write') > 5 && count('sync') > 10);
  t.deepEqual(violations(writes, path), []);

  const isFile = (each: string): boolean =>
    writes.some(({ call, path: written }) => call === 'write' && written === each);
  const controls: Readonly<Record<string, (write: Write) => boolean>> = {
    'no fsync at all': () => true,
    'no fsync of files': (write) => isFile(write.path),
    'no fsync of directories': (write) => !isFile(write.path),
    'no fsync of the place of generations': (write) => write.path.endsWith('.gen/set'),
    'no fsync of the directory of links': (write) => write.path.endsWith('/datasets'),
    'no fsync of the log': (write) => write.path.endsWith('audit.jsonl'),
  };
  for (const [name, dropped] of Object.entries(controls)) {
    const without = writes.filter((write) => write.call !== 'sync' || !dropped(write));
    const found = violations(without, path);
    t.log(`${name}: ${found.length}`);
    t.true(found.length > 0, name);
  }
});
