import { createHash } from 'node:crypto';
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { removeTree } from '../../src/vault/durable.js';
import { NixLayout } from '../../src/vault/nix-layout.js';
import type { NixPath } from '../../src/vault/nix-path.js';
import { makeNixDirectories, NixShelf, type NixShelfName } from '../../src/vault/nix-shelf.js';
import { scratch } from '../helpers/image.js';

const name = '0123456789abcdfghijklmnpqrsvwxyz-file';

/** The archive of a file, well-formed whatever is in it. */
function archive(content: string): Buffer {
  const words = ['nix-archive-1', '(', 'type', 'regular', 'contents', content, ')'];
  return Buffer.concat(
    words.map((word) => {
      const padded = Buffer.alloc(8 + Math.ceil(word.length / 8) * 8);
      padded.writeBigUInt64LE(BigInt(word.length));
      padded.write(word, 8);
      return padded;
    }),
  );
}

function saidOf(bytes: Buffer): NixPath {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sha256, bytes: bytes.length, references: [] };
}

for (const shelf of ['cache', 'layer'] satisfies NixShelfName[])
  test(`${shelf}: only what has the hash that is said of it, and fits, is kept`, async (t) => {
    const root = await scratch(t);
    const layout = new NixLayout(join(root, 'nix'));
    await makeNixDirectories(layout);
    const paths = new NixShelf(layout, shelf);
    const add = async (said: NixPath, bytes: Buffer): Promise<void> => {
      // As whoever takes the lock does.
      await removeTree(layout.stage);
      await makeNixDirectories(layout);
      const file = join(root, 'handed-in');
      await writeFile(file, bytes);
      const handle = await open(file);
      await paths.add(said, handle).finally(() => handle.close());
    };
    const built = archive('built');
    const said = saidOf(built);
    const kept = async (): Promise<unknown> => [
      await paths.find(name),
      await readdir(layout.archives),
      await readdir(layout.layerStore),
    ];

    await t.throwsAsync(add({ ...said, bytes: 2 ** 52 }, built), { code: 'ERR_VAULT_NO_SPACE' });
    // As long, as well-formed, and another one.
    await t.throwsAsync(add(said, archive('BUILT')), {
      code: 'ERR_VAULT_DIGEST',
      message: /it is not what was built/,
    });
    await t.throwsAsync(add({ ...said, bytes: said.bytes + 8 }, built), { code: 'ERR_VAULT_DIGEST' });
    t.deepEqual(await kept(), [null, [], []]);

    await add(said, built);
    t.deepEqual(await paths.find(name), said);
    t.true(await paths.holds(said));
  });
