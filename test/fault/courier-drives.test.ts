// Real block devices with real file systems: loop devices, which are drives that nobody pulls out. USB and FAT are in the guest
// (test/vm/guest/courier-fat, test/vm/usb).
import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import {
  ejectDrive,
  listDrives,
  RoomError,
  send,
  verifyParcel,
  type ErrorCode,
  type ListedVolume,
  type SendPlan,
  type SendRequest,
} from '../../src/index.js';
import { readDrives } from '../../src/courier/drives.js';
import { isFree } from '../../src/courier/private-mount.js';
import { someBytes } from '../capsule/sample.js';
import { loopDrive, makeImage, mountDrive, mountsOf, type LoopDrive } from '../helpers/loop-drive.js';

const run = promisify(execFile);
const driver = fileURLToPath(new URL('./helpers/courier-driver.js', import.meta.url));

async function refused(t: ExecutionContext, work: Promise<unknown>, code: ErrorCode): Promise<RoomError> {
  const error = await t.throwsAsync<RoomError>(work, { instanceOf: RoomError });
  t.is(error.code, code, error.message);
  return error;
}

async function volumeOf(path: string, look: boolean): Promise<ListedVolume | undefined> {
  const drives = await listDrives({ all: true, look });
  return drives.find((drive) => drive.path === path)?.volumes[0];
}

async function source(drive: LoopDrive, megabytes = 1): Promise<string> {
  const path = join(drive.directory, 'tiny.gguf');
  await writeFile(path, someBytes(megabytes << 20));
  return path;
}

const yes = (): boolean => true;

test.serial('a drive is found with what is on it, and nothing is mounted for that', async (t) => {
  const drive = await loopDrive(t, 'ext4', 32, ['-L', 'a\x1b[31mb']);
  const found = await volumeOf(drive.path, false);
  t.like(found, { fileSystem: 'ext4', label: 'a\\u001b[31mb', mountedAt: [], bags: null, size: 32 << 20 });
  t.regex(found?.uuid ?? '', /^[0-9a-f-]{36}$/);
  t.deepEqual((await volumeOf(drive.path, true))?.bags, []);
  t.is(await mountsOf(drive.path), 0);
  t.true(await isFree(drive.path));
  t.false(
    (await listDrives()).some(({ path }) => path === drive.path),
    'a file is not carried away',
  );
});

test.serial(
  'nothing leaves on a drive without consent, and whoever is asked sees what and where to',
  async (t) => {
    const drive = await loopDrive(t, 'ext4', 32, ['-L', 'STICK']);
    const request: SendRequest = { sources: [await source(drive)], to: { drive: drive.path } };
    const before = await readFile(drive.image);
    await refused(t, send(request), 'ERR_COURIER_REFUSED');
    const asked: SendPlan[] = [];
    const no = (plan: SendPlan): boolean => asked.push(plan) < 0;
    await refused(t, send({ ...request, onConsent: no }), 'ERR_COURIER_REFUSED');
    await refused(
      t,
      send({ ...request, onConsent: () => 'yes' as unknown as boolean }),
      'ERR_COURIER_REFUSED',
    );
    t.like(asked[0], { bytes: 1 << 20, files: 1, name: 'tiny.gguf.parcel' });
    t.like(asked[0]?.target, { kind: 'drive', path: drive.path, label: 'STICK', fileSystem: 'ext4' });
    const dry = await send({ ...request, dryRun: true });
    t.true(dry.dryRun);
    t.true(before.equals(await readFile(drive.image)), 'not a byte of it was written');
  },
);

test.serial(
  'a drive that nobody has mounted is mounted for the courier alone, and is free afterwards',
  async (t) => {
    const drive = await loopDrive(t, 'ext4', 32);
    const file = await source(drive);
    let during = -1;
    let free = true;
    const sent = await send(
      { sources: [file], to: { drive: drive.path }, onConsent: yes },
      {
        onProgress: () => {
          void mountsOf(drive.path).then((count) => (during = count));
          void isFree(drive.path).then((is) => (free &&= is));
        },
      },
    );
    t.deepEqual([sent.released, during, free], [true, 0, false]);
    t.true(await isFree(drive.path));
    t.deepEqual((await volumeOf(drive.path, true))?.bags, [
      { name: 'tiny.gguf.parcel', type: 'parcel', unfinished: false },
    ]);
    const place = await mountDrive(t, drive);
    t.deepEqual((await readdir(place)).sort(), ['lost+found', 'tiny.gguf.parcel']);
    t.true((await verifyParcel(join(place, 'tiny.gguf.parcel'))).ok);
    const error = await refused(
      t,
      send({ sources: [file], to: { drive: drive.path }, onConsent: yes }),
      'ERR_COURIER_TARGET',
    );
    t.true(error.message.includes(place));
  },
);

test.serial(
  'a drive that is mounted is used where it is, and stays mounted; a directory on it is on a drive too',
  async (t) => {
    const drive = await loopDrive(t, 'ext4', 32);
    const place = await mountDrive(t, drive);
    const file = await source(drive);
    const { uuid } = (await volumeOf(drive.path, false)) ?? {};
    const sent = await send({ sources: [file], to: { drive: `uuid:${uuid}` }, onConsent: yes, name: 'a' });
    t.false(sent.released);
    await mkdir(join(place, 'below'));
    const request: SendRequest = { sources: [file], to: { directory: join(place, 'below') }, name: 'b' };
    await refused(t, send(request), 'ERR_COURIER_REFUSED');
    await refused(
      t,
      send({ ...request, policy: { drives: ['other'] }, onConsent: yes }),
      'ERR_COURIER_REFUSED',
    );
    await send({ ...request, policy: { drives: [uuid ?? ''] }, onConsent: yes });
    t.deepEqual(await readdir(join(place, 'below')), ['b.parcel']);
    t.is(await mountsOf(drive.path), 1);
  },
);

test.serial(
  'a write-protected drive, one without a file system, and one that this machine runs from',
  async (t) => {
    const locked = await loopDrive(t, 'ext4', 16, [], ['-r']);
    const file = await source(locked);
    const to = (drive: string): Promise<unknown> => send({ sources: [file], to: { drive }, onConsent: yes });
    await refused(t, to(locked.path), 'ERR_VAULT_READ_ONLY');
    const empty = await loopDrive(t, 'ext4', 16);
    await writeFile(empty.image, Buffer.alloc(16 << 20));
    await refused(t, to(empty.path), 'ERR_COURIER_DRIVE');
    const swap = await loopDrive(t, 'ext4', 16);
    await run('mkswap', [swap.path]);
    await refused(t, to(swap.path), 'ERR_COURIER_DRIVE');
    const own = (await readDrives()).find(({ system }) => system);
    if (own === undefined) t.log('no disk of this machine is seen from here');
    else await refused(t, to(own.path), 'ERR_COURIER_DRIVE');
    const mounted = await loopDrive(t, 'ext4', 16);
    await run('mount', ['-o', 'remount,ro', await mountDrive(t, mounted)]);
    await refused(t, to(mounted.path), 'ERR_VAULT_READ_ONLY');
  },
);

test.serial('a file system that is broken is told, and is not mounted', async (t) => {
  const drive = await loopDrive(t, 'ext4', 16);
  const bytes = await readFile(drive.image);
  // Group descriptors, behind a superblock that looks fine: blocks of 1 KiB, and these are in the third.
  bytes.fill(0xff, 2048, 3072);
  await writeFile(drive.image, bytes);
  const error = await refused(
    t,
    send({ sources: [await source(drive)], to: { drive: drive.path }, onConsent: yes }),
    'ERR_COURIER_MOUNT',
  );
  t.regex(error.message, new RegExp(`^cannot mount "${drive.path}"`));
  t.true(await isFree(drive.path));
});

test.serial('a full drive: refused before, or undone when somebody fills it meanwhile', async (t) => {
  const drive = await loopDrive(t, 'ext4', 256);
  const place = await mountDrive(t, drive);
  const file = await source(drive);
  await truncate(file, 300 << 20);
  const request: SendRequest = { sources: [file], to: { drive: drive.path }, onConsent: yes };
  const before = await refused(t, send(request), 'ERR_VAULT_NO_SPACE');
  t.regex(before.message, /bytes free/);
  t.deepEqual(await readdir(place), ['lost+found']);
  // In parts, so that the space is not reserved at the beginning.
  await writeFile(file, randomBytes(120 << 20));
  let filled = false;
  const free = (await statfs(place)).bavail;
  const error = await refused(
    t,
    send(
      { ...request, split: '4MiB' },
      {
        onProgress: ({ phase, bytes }) => {
          if (phase !== 'copy' || bytes < 4 << 20 || filled) return;
          filled = true;
          // More than there is: it takes what it gets, and fails.
          spawnSync('fallocate', ['-l', '256MiB', join(place, 'neighbour')]);
        },
      },
    ),
    'ERR_VAULT_NO_SPACE',
  );
  t.true(error.hint?.startsWith('Make room') === true, error.hint);
  t.deepEqual((await readdir(place)).sort(), ['lost+found', 'neighbour'], 'nothing is left of it');
  await run('rm', [join(place, 'neighbour')]);
  t.true((await statfs(place)).bavail >= free - 16);
  await send(request);
});

test.serial('a stick that was changed between the question and the answer gets nothing', async (t) => {
  const drive = await loopDrive(t, 'ext4', 16);
  const other = join(drive.directory, 'other.img');
  await makeImage(other, 'ext4', 16);
  const before = await readFile(other);
  const change = async (): Promise<boolean> => {
    await run('losetup', ['-d', drive.path]);
    await run('losetup', [drive.path, other]);
    return true;
  };
  const request = { sources: [await source(drive)], to: { drive: drive.path }, onConsent: change };
  await refused(t, send(request), 'ERR_COURIER_GONE');
  t.true(before.equals(await readFile(other)));
});

test.serial('a courier that is killed leaves no mount, and the next one goes on', async (t) => {
  const drive = await loopDrive(t, 'ext4', 128);
  const file = await source(drive, 48);
  const child = spawn(process.execPath, [driver, drive.directory, 'drive', drive.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  for await (const said of child.stdout as AsyncIterable<Buffer>)
    if (said.toString().includes('halfway')) break;
  await refused(t, ejectDrive(drive.path), 'ERR_COURIER_BUSY').then((error) =>
    t.true(error.message.includes(`process ${child.pid}`), error.message),
  );
  child.kill('SIGKILL');
  await exit;
  t.true(await isFree(drive.path));
  t.deepEqual((await volumeOf(drive.path, true))?.bags, [
    { name: 'tiny.gguf.parcel.partial', type: 'parcel', unfinished: true },
  ]);
  const sent = await send({ sources: [file], to: { drive: drive.path }, split: '4MiB', onConsent: yes });
  t.true(sent.kept >= 8 << 20, `${sent.kept} bytes were there`);
  t.true(sent.released);
  t.deepEqual(await ejectDrive(drive.path), { path: drive.path, unmounted: [], poweredOff: false });
});

test.serial(
  'eject: refused while somebody uses it, who is named; unmounted only where that is asked for',
  async (t) => {
    const drive = await loopDrive(t, 'ext4', 16);
    const place = await mountDrive(t, drive);
    const sleeper = spawn('sleep', ['600'], { cwd: place, stdio: 'ignore' });
    const exit = once(sleeper, 'exit');
    await once(sleeper, 'spawn');
    try {
      const mounted = await refused(t, ejectDrive(drive.path), 'ERR_COURIER_BUSY');
      t.true(mounted.message.includes(place));
      const used = await refused(t, ejectDrive(drive.path, { unmount: true }), 'ERR_COURIER_BUSY');
      t.true(used.message.includes(`sleep (process ${sleeper.pid})`), used.message);
      t.is(await mountsOf(drive.path), 1);
    } finally {
      sleeper.kill('SIGKILL');
      await exit;
    }
    t.deepEqual(await ejectDrive(drive.path, { unmount: true }), {
      path: drive.path,
      unmounted: [place],
      poweredOff: false,
    });
    t.is(await mountsOf(drive.path), 0);
    await refused(t, ejectDrive(drive.path, { powerOff: true }), 'ERR_COURIER_DRIVE');
    await refused(t, ejectDrive('/dev/none'), 'ERR_COURIER_DRIVE');
  },
);
