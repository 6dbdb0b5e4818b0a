import test from 'ava';
import { openAnchor, planks, series, shell } from '../../helpers/vm-guest.js';

const owner = "stat -c '%u:%g' /bin/busybox; id -u";

test('a squashfs plank runs although 6.1 cannot give its files the ids of the room, and the room says so', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell('read go', { plank: planks.squashfs }));
  const possible = series !== '6.1';
  t.is(room.granted.plank.idmap, possible);
  t.is(room.granted.identity.kind, 'mapped');
  t.is(
    room.granted.notes.some(({ field }) => field === 'plank'),
    !possible,
  );
  await room.destroy();
  const { stdout } = await anchor.run(shell(owner, { plank: planks.squashfs }));
  t.is(stdout, possible ? '0:0\n0\n' : '65534:65534\n0\n');
});

test('files of an erofs plank belong to root of the room', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell('read go', { plank: planks.erofs }));
  t.true(room.granted.plank.idmap);
  t.is(room.granted.plank.format, 'erofs');
  t.is(room.granted.plank.attach, series === '6.1' ? 'loop' : 'file');
  await room.destroy();
  const { stdout } = await anchor.run(shell(owner, { plank: planks.erofs }));
  t.is(stdout, '0:0\n0\n');
});
