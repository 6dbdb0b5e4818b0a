// FAT32 of the kernel, on a loop device; the stick itself is in test/vm/usb.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  ejectDrive,
  listDrives,
  RoomError,
  send,
  verifyParcel,
  type SendRequest,
} from '../../../src/index.js';
import { isFree } from '../../../src/courier/private-mount.js';
import { loopDrive, mountDrive } from '../../helpers/loop-drive.js';

const yes = (): boolean => true;

test.serial('a parcel on FAT32: mounted for it alone, resumed, whole', async (t) => {
  const drive = await loopDrive(t, 'vfat', 64, ['-n', 'ANCHOR']);
  const at = (name: string): string => join(drive.directory, name);
  await mkdir(at('Mixed'));
  for (const name of ['a:b?', 'CON', 'trail.', 'A', 'a', 'Größe']) await writeFile(at(`Mixed/${name}`), name);
  await writeFile(at('tiny.gguf'), randomBytes(8 << 20));
  const request: SendRequest = {
    sources: [at('tiny.gguf'), at('Mixed')],
    to: { drive: drive.path },
    split: '1MiB',
    onConsent: yes,
  };
  const stop = new AbortController();
  await t.throwsAsync(
    send(request, {
      signal: stop.signal,
      onProgress: ({ phase, bytes }) => {
        if (phase === 'copy' && bytes > 3 << 20) stop.abort(new Error('enough'));
      },
    }),
    { message: 'enough' },
  );
  t.true(await isFree(drive.path));
  const sent = await send(request);
  t.true(sent.released && sent.kept > 0, String(sent.kept));
  const found = (await listDrives({ all: true, look: true })).find(({ path }) => path === drive.path);
  t.like(found?.volumes[0], { fileSystem: 'vfat', label: 'ANCHOR', mountedAt: [] });
  t.deepEqual(found?.volumes[0]?.bags, [{ name: 'tiny.gguf.parcel', type: 'parcel', unfinished: false }]);
  const place = await mountDrive(t, drive);
  t.deepEqual((await verifyParcel(join(place, 'tiny.gguf.parcel'))).problems, []);
  t.deepEqual(await readdir(place), ['tiny.gguf.parcel']);
  t.deepEqual(await ejectDrive(drive.path, { unmount: true }), {
    path: drive.path,
    unmounted: [place],
    poweredOff: false,
  });
});

test.serial('many small files on FAT32 take a cluster each, which is counted before', async (t) => {
  const drive = await loopDrive(t, 'vfat', 64, ['-s', '1']);
  const place = await mountDrive(t, drive);
  const { bsize, bavail } = await statfs(place);
  const many = join(drive.directory, 'many');
  await mkdir(many);
  const fill = join(place, 'fill');
  await writeFile(fill, Buffer.alloc(bsize * bavail - (4 << 20)));
  for (let n = 0; n < 300; n += 1) await writeFile(join(many, `f${n}`), 'x'.repeat(10));
  const sent = await send({ sources: [many], to: { directory: place }, onConsent: yes });
  t.is(sent.plan.target.kind, 'drive');
  await writeFile(fill, Buffer.alloc(1 << 20), { flag: 'a' });
  await writeFile(fill, Buffer.alloc(1 << 20), { flag: 'a' });
  const error = await t.throwsAsync<RoomError>(
    send({ sources: [many], to: { directory: place }, name: 'more', onConsent: yes }),
    { instanceOf: RoomError },
  );
  t.is(error.code, 'ERR_VAULT_NO_SPACE');
  t.deepEqual((await readdir(place)).sort(), ['fill', 'many.parcel']);
});
