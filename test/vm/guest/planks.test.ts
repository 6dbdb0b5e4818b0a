import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { dataDirectory, openAnchor, planks, series, shell } from '../../helpers/vm-guest.js';

const owner = "stat -c '%u:%g' /bin/busybox; id -u";

test('a squashfs plank runs, and the room says whether its files have the ids of the room (not on 6.1)', async (t) => {
  const anchor = await openAnchor(t);
  const { stdout, room } = await anchor.run(shell(owner, { plank: planks.squashfs }));
  const possible = series !== '6.1';
  t.is(stdout, possible ? '0:0\n0\n' : '65534:65534\n0\n');
  t.is(room.granted.plank.idmap, possible);
  t.is(room.granted.identity.kind, 'mapped');
  const fields = room.granted.notes.map(({ field }) => field);
  t.is(fields.includes('plank'), !possible);
});

test('files of an erofs plank belong to root of the room', async (t) => {
  const anchor = await openAnchor(t);
  // From 6.12 the kernel reads the file itself, but not one on overlayfs, where the guest has its planks.
  const plank = join(dataDirectory, 'test.erofs');
  copyFileSync(planks.erofs, plank);
  t.teardown(() => rmSync(plank));
  const { stdout, room } = await anchor.run(shell(owner, { plank }));
  t.is(stdout, '0:0\n0\n');
  t.true(room.granted.plank.idmap);
  t.is(room.granted.plank.format, 'erofs');
  t.is(room.granted.plank.attach, series === '6.1' ? 'loop' : 'file');
});

test('an erofs plank that the kernel cannot read by itself goes through a loop device', async (t) => {
  const anchor = await openAnchor(t);
  const { stdout, room } = await anchor.run(shell(owner, { plank: planks.erofs }));
  t.is(stdout, '0:0\n0\n');
  t.is(room.granted.plank.attach, 'loop');
});
