import test from 'ava';
import { computeCovers } from '../../src/host/proc-masks.js';
import { madeUpFiles } from './made-up-files.js';

const dir = (mode: number) => ({ kind: 'directory', mode }) as const;
const file = (mode: number) => ({ kind: 'file', mode, text: '' }) as const;

/** Loop devices appear with the first plank. */
const blockDevices = { kind: 'mask', target: '/sys/devices/virtual/block', over: 'directory' } as const;

const files = madeUpFiles({
  '/proc/acpi': dir(0o555),
  '/proc/asound': dir(0o555),
  '/proc/asound/cards': file(0o444),
  '/proc/bus': dir(0o555),
  '/proc/bus/pci/00/00.0': file(0o644),
  '/proc/fs': dir(0o555),
  '/proc/fs/thing': file(0o666),
  '/proc/interrupts': file(0o444),
  '/proc/irq/1/smp_affinity': file(0o644),
  '/proc/kcore': file(0o400),
  '/proc/keys': file(0o444),
  '/proc/kmsg': file(0o400),
  '/proc/latency_stats': file(0o644),
  '/proc/locks': file(0o444),
  '/proc/scsi': dir(0o500),
  '/proc/scsi/scsi': file(0o444),
  '/proc/sys/kernel/core_pattern': file(0o644),
  '/proc/sysrq-trigger': file(0o200),
  '/proc/timer_list': file(0o400),
  '/sys/devices/system/cpu/cpu0/thermal_throttle/count': file(0o444),
  '/sys/devices/system/cpu/cpu1/online': file(0o644),
  '/sys/devices/system/cpu/cpufreq': dir(0o755),
  '/sys/firmware/acpi/tables/DSDT': file(0o400),
  '/sys/firmware/loop': { linkTo: '/sys/firmware' },
});

test('a room with ids of its own: only what everybody may read or write, and shows the host', (t) => {
  t.deepEqual(computeCovers(files).mapped, [
    blockDevices,
    { kind: 'mask', target: '/proc/asound', over: 'directory' },
    { kind: 'mask', target: '/proc/latency_stats', over: 'file' },
    { kind: 'mask', target: '/proc/locks', over: 'file' },
    { kind: 'mask', target: '/sys/devices/system/cpu/cpu0/thermal_throttle', over: 'directory' },
    { kind: 'read-only', target: '/proc/fs' },
  ]);
});

test('a room with the ids of the host: everything that exists', (t) => {
  const { host } = computeCovers(files);
  t.deepEqual(
    host.filter(({ kind }) => kind === 'mask').map(({ target }) => target),
    [
      '/sys/devices/virtual/block',
      '/proc/acpi',
      '/proc/asound',
      '/proc/interrupts',
      '/proc/kcore',
      '/proc/keys',
      '/proc/latency_stats',
      '/proc/locks',
      '/proc/scsi',
      '/proc/timer_list',
      '/sys/firmware',
      '/sys/devices/system/cpu/cpu0/thermal_throttle',
      '/proc/kmsg',
    ],
  );
  t.deepEqual(
    host.filter(({ kind }) => kind === 'read-only').map(({ target }) => target),
    ['/proc', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  );
});

test('a host that shows nothing yet', (t) => {
  t.deepEqual(computeCovers(madeUpFiles({})), {
    mapped: [blockDevices],
    host: [{ kind: 'read-only', target: '/proc' }, blockDevices],
  });
});

test('a tree that is too large to look through is covered', (t) => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`/proc/scsi/${n}`, file(0o400)]));
  t.deepEqual(computeCovers(madeUpFiles(many)).mapped, [
    blockDevices,
    { kind: 'mask', target: '/proc/scsi', over: 'directory' },
  ]);
});
