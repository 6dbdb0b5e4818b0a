import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parseProbe, probeFileSystem } from '../../src/courier/file-system.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

test('what blkid prints', (t) => {
  t.deepEqual(
    parseProbe(
      'ID_FS_LABEL=MY_STICK\nID_FS_LABEL_ENC=MY\\x20STICK\nID_FS_UUID_ENC=12AB-34CD\nID_FS_TYPE=vfat\n',
    ),
    { type: 'vfat', label: 'MY STICK', uuid: '12AB-34CD' },
  );
  t.deepEqual(parseProbe('ID_FS_TYPE=ext4\n'), { type: 'ext4', label: null, uuid: null });
  t.is(parseProbe('ID_PART_TABLE_TYPE=dos\n'), null);
  t.is(parseProbe(''), null);
  t.is(parseProbe('ID_FS_TYPE=ext4 /etc\n'), null, 'no word');
});

const labels: readonly (readonly [what: string, label: Buffer, shown: string])[] = [
  ['escape sequences', Buffer.from('a\x1b[31mb'), 'a\\u001b[31mb'],
  ['a line that would be another field', Buffer.from('x\nID_FS_TYPE=no'), 'x\\u000aID_FS_TYPE=no'],
  ['control codes of eight bits', Buffer.from('a\u009bb'), 'a\\u009bb'],
  ['bytes that are no text', Buffer.from([0x61, 0xff, 0x62]), 'a\\ufffdb'],
  ['a change of direction', Buffer.from('a\u202eb'), 'a\\u202eb'],
  ['letters', Buffer.from('Größe'), 'Größe'],
  ['a backslash', Buffer.from('a\\x41b'), 'a\\x41b'],
];

for (const [what, label, shown] of labels) {
  test(`a label with ${what}`, async (t) => {
    const image = join(await scratch(t), 'disk.img');
    await writeFile(image, '');
    await truncate(image, 4 << 20);
    await run('mkfs.ext4', ['-q', '-F', image]);
    // s_volume_name of the superblock; mkfs would refuse some.
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(image);
    bytes.fill(0, 1024 + 120, 1024 + 136);
    label.copy(bytes, 1024 + 120, 0, 16);
    await writeFile(image, bytes);
    const facts = await probeFileSystem(image);
    t.is(facts?.type, 'ext4');
    t.is(facts?.label, shown);
  });
}

test('nothing that blkid knows, and nothing at all', async (t) => {
  const image = join(await scratch(t), 'disk.img');
  await writeFile(image, Buffer.alloc(1 << 20));
  t.is(await probeFileSystem(image), null);
  t.is(await probeFileSystem(`${image}.none`), null);
});
