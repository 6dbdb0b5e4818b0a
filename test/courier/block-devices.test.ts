import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskOfNumber, readDisks } from '../../src/courier/block-devices.js';
import { describe, isCarried } from '../../src/courier/drives.js';
import { numberText } from '../../src/courier/private-mount.js';
import { scratch } from '../helpers/image.js';

const usb = 'devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda';

/** A /sys with a USB stick of two partitions, one of them unlocked, a fixed disk, an empty card reader and memory. */
async function madeUpSys(t: ExecutionContext): Promise<string> {
  const root = await scratch(t);
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  };
  const device = async (path: string, number: string, sectors: number): Promise<void> => {
    await write(`${path}/dev`, number);
    await write(`${path}/size`, String(sectors));
    await write(`${path}/ro`, '0');
    await mkdir(join(root, path, 'holders'), { recursive: true });
    await mkdir(join(root, 'dev/block'), { recursive: true });
    await symlink(join(root, path), join(root, 'dev/block', number));
  };
  await mkdir(join(root, 'block'), { recursive: true });
  const disk = async (path: string, number: string, sectors: number, removable: string): Promise<void> => {
    await device(path, number, sectors);
    await write(`${path}/removable`, removable);
    await symlink(join(root, path), join(root, 'block', path.slice(path.lastIndexOf('/') + 1)));
  };
  await disk(usb, '8:0', 2048 * 1024, '0');
  // What a device says of itself goes to a terminal sooner or later.
  await write(`${usb}/device/model`, 'Stick \x1b]0;owned\x07\x9b31m\u202e');
  await write(`${usb}/device/vendor`, 'Acme    ');
  await write(`${usb}/device/delete`, '');
  for (const part of [1, 2, 10]) {
    await device(`${usb}/sda${part}`, `8:${part}`, 1000);
    await write(`${usb}/sda${part}/partition`, String(part));
  }
  await disk('devices/virtual/block/dm-0', '253:0', 900, '0');
  await symlink(join(root, usb, 'sda2'), join(root, 'devices/virtual/block/dm-0', 'slaves-link'));
  await mkdir(join(root, 'devices/virtual/block/dm-0/slaves'));
  await symlink(join(root, usb, 'sda2'), join(root, 'devices/virtual/block/dm-0/slaves/sda2'));
  await mkdir(join(root, usb, 'sda2/holders/dm-0'));
  await disk('devices/pci0000:00/virtio/block/vda', '254:0', 4096, '0');
  await disk('devices/pci0000:00/ata/block/sr0', '11:0', 0, '1');
  await disk('devices/virtual/block/zram0', '251:0', 4096, '0');
  return root;
}

test('disks, their partitions, and what kind they are', async (t) => {
  const disks = readDisks(await madeUpSys(t));
  t.deepEqual(
    disks.map(({ path, kind, size }) => [path, kind, size]),
    [
      ['/dev/sda', 'usb', 2048 * 1024 * 512],
      ['/dev/vda', 'fixed', 4096 * 512],
    ],
    'nothing of the empty reader, of memory, and of what is made of other disks',
  );
  const [stick, fixed] = disks;
  t.deepEqual(
    stick?.partitions.map(({ path, number }) => [path, number]),
    [
      ['/dev/sda1', '8:1'],
      ['/dev/sda2', '8:2'],
      ['/dev/sda10', '8:10'],
    ],
  );
  t.deepEqual(stick?.partitions[1]?.holders, ['dm-0']);
  t.true(stick?.canPowerOff);
  t.false(fixed?.canPowerOff);
});

test('texts of a device cannot reach a terminal as they are', async (t) => {
  const [stick] = readDisks(await madeUpSys(t));
  t.is(stick?.vendor, 'Acme');
  t.is(stick?.model, 'Stick \\u001b]0;owned\\u0007\\u009b31m\\u202e');
});

test('the disk of a number: through a partition, and through what is made of one', async (t) => {
  const sysfs = await madeUpSys(t);
  t.is(diskOfNumber('8:10', sysfs)?.device.path, '/dev/sda10');
  t.is(diskOfNumber('253:0', sysfs)?.device.path, '/dev/sda2');
  t.is(diskOfNumber('253:0', sysfs)?.disk.path, '/dev/sda');
  t.is(diskOfNumber('0:42', sysfs), null, 'tmpfs, overlay, network');
});

test('a fixed disk is not carried away, a USB disk is, whatever it says of its medium', async (t) => {
  const [stick, fixed] = await describe(readDisks(await madeUpSys(t)));
  t.true(stick !== undefined && isCarried(stick) && !stick.removable);
  t.false(fixed !== undefined && isCarried(fixed));
});

test('numbers of devices beyond 8 bits', (t) => {
  t.is(numberText(0x801), '8:1');
  t.is(numberText(259 * 256 + 3), '259:3');
  // 8:1048575, as glibc packs it: minor bits from 8 on stand above the major number.
  t.is(numberText(Number((0xfff_00n << 12n) | (8n << 8n) | 0xffn)), '8:1048575');
});
