// A real USB stick as far as the kernel can tell: usb-storage on xhci, FAT32. At the end somebody pulls it out.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import {
  ejectDrive,
  listDrives,
  RoomError,
  send,
  Vault,
  verifyParcel,
  type ErrorCode,
  type ListedDrive,
  type SendRequest,
} from '../../../src/index.js';

const run = promisify(execFile);
const directory = '/tmp/courier';
const yes = (): boolean => true;

async function stick(look = false): Promise<ListedDrive | undefined> {
  return (await listDrives({ look })).find(({ kind }) => kind === 'usb');
}

async function refused(t: ExecutionContext, work: Promise<unknown>, code: ErrorCode): Promise<RoomError> {
  const error = await t.throwsAsync<RoomError>(work, { instanceOf: RoomError });
  t.is(error.code, code, error.message);
  return error;
}

test.before(async () => {
  await mkdir(directory, { recursive: true });
  await writeFile(`${directory}/tiny.gguf`, randomBytes(4 << 20));
});

test.serial('the stick is found without udev: USB, its model, and nothing on it', async (t) => {
  const found = await stick();
  t.like(found, { kind: 'usb', vendor: 'QEMU', system: false, canPowerOff: true, size: 96 << 20 });
  t.like(found?.volumes[0], { path: found?.path, fileSystem: null, mountedAt: [] });
  await refused(
    t,
    send({ sources: [`${directory}/tiny.gguf`], to: { drive: found?.path ?? '' }, onConsent: yes }),
    'ERR_COURIER_DRIVE',
  );
});

test.serial('FAT32: found, sent to, unmounted, checked, ejected', async (t) => {
  const { path = '' } = (await stick()) ?? {};
  await run('mkfs.vfat', ['-F', '32', '-I', '-n', 'ANCHOR', path]);
  t.like((await stick())?.volumes[0], { fileSystem: 'vfat', label: 'ANCHOR' });
  await mkdir(`${directory}/Mixed Case`);
  // What FAT has not, or takes for the same.
  for (const name of ['a:b?', 'CON', 'trail.', 'Ä', 'ä'])
    await writeFile(`${directory}/Mixed Case/${name}`, name);
  const request: SendRequest = {
    sources: [`${directory}/tiny.gguf`, `${directory}/Mixed Case`],
    to: { drive: path },
    name: 'load',
    split: '3MiB',
    onConsent: yes,
  };
  await refused(t, send({ sources: request.sources, to: request.to }), 'ERR_COURIER_REFUSED');
  const sent = await send(request);
  t.true(sent.released);
  t.is(sent.plan.target.model, 'QEMU QEMU HARDDISK');
  t.deepEqual((await stick(true))?.volumes[0]?.bags, [
    { name: 'load.parcel', type: 'parcel', unfinished: false },
  ]);
  t.false((await readFile('/proc/self/mountinfo', 'utf8')).includes(path));

  await run('mount', ['-t', 'vfat', '-o', 'ro', path, '/mnt']);
  try {
    t.deepEqual((await verifyParcel('/mnt/load.parcel')).problems, []);
    await run('sha256sum', ['-c', '-s', 'manifest-sha256.txt'], { cwd: '/mnt/load.parcel' });
    t.deepEqual(await readdir('/mnt'), ['load.parcel']);
    await refused(t, ejectDrive(path), 'ERR_COURIER_BUSY');
  } finally {
    await run('umount', ['/mnt']);
  }
  t.like(await ejectDrive(path), { path, poweredOff: false });
});

test.serial('things of a vault, with its log', async (t) => {
  const { path = '' } = (await stick()) ?? {};
  const vault = await Vault.init(`${directory}/vault`);
  t.teardown(() => vault.close());
  await vault.put('models/tiny.gguf', `${directory}/tiny.gguf`);
  await send({ sources: [{ vault: 'models/tiny.gguf' }], to: { drive: path }, vault, onConsent: yes });
  const bags = (await stick(true))?.volumes[0]?.bags ?? [];
  t.deepEqual(
    bags.map(({ name }) => name),
    ['load.parcel', 'tiny.gguf.parcel'],
  );
  const phases: string[] = [];
  for await (const { operation, phase } of vault.log()) if (operation === 'send') phases.push(phase);
  t.deepEqual(phases, ['begin', 'done']);
});

test.serial('the stick is pulled out in the middle of a copy', async (t) => {
  const { path = '', volumes: [volume] = [] } = (await stick()) ?? {};
  const vault = await Vault.open(`${directory}/vault`);
  t.teardown(() => vault.close());
  const wishes = await wishesPort();
  await writeFile(`${directory}/large`, randomBytes(16 << 20));
  await vault.put('models/large', `${directory}/large`);
  let pulled = false;
  const error = await refused(
    t,
    send(
      { sources: [{ vault: 'models/large' }], to: { drive: path }, vault, split: '1MiB', onConsent: yes },
      {
        onProgress: ({ phase, bytes }) => {
          if (pulled || phase !== 'copy' || bytes < 3 << 20) return;
          pulled = true;
          void writeFile(wishes, 'pull\n');
        },
      },
    ),
    'ERR_COURIER_GONE',
  );
  t.true(pulled);
  t.regex(error.hint ?? '', /send once more/);
  t.is(await stick(), undefined, 'an empty directory would have been taken for an empty stick');
  t.false((await readFile('/proc/self/mountinfo', 'utf8')).includes(path));
  await refused(t, ejectDrive(path), 'ERR_COURIER_DRIVE');
  await refused(
    t,
    send({
      sources: [{ vault: 'models/large' }],
      to: { drive: `uuid:${volume?.uuid}` },
      vault,
      onConsent: yes,
    }),
    'ERR_COURIER_DRIVE',
  );
  const { ok } = await vault.verify();
  t.true(ok, 'the source is what it was');
  const last: string[] = [];
  for await (const { operation, phase, code } of vault.log())
    if (operation === 'send') last.push(`${phase} ${code ?? ''}`);
  t.is(last.at(-1), 'failed ERR_COURIER_GONE');
  // Nothing holds a generation any more.
  await vault.put('models/large', `${directory}/tiny.gguf`);
  await vault.remove('models/large@1');
});

async function wishesPort(): Promise<string> {
  for (const port of await readdir('/sys/class/virtio-ports')) {
    const name = await readFile(`/sys/class/virtio-ports/${port}/name`, 'utf8').catch(() => '');
    if (name.trim() === 'wishes') return `/dev/${port}`;
  }
  throw new Error('the machine has no port for wishes');
}
