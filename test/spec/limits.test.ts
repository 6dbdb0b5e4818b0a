import test from 'ava';
import { parseLimits } from '../../src/spec/limits.js';
import { refuses, type RefusalRow } from './refusal.js';

const counts: readonly (readonly [key: string, least: number, most: number])[] = [
  ['cpuWeight', 1, 10_000],
  ['processes', 2, 4_194_304],
  ['files', 64, 2 ** 53 - 1],
  ['ioWeight', 1, 10_000],
];

const io = (change: object): { limits: object } => ({
  limits: { io: [{ device: '/dev/vda', readBytesPerSecond: 1, ...change }] },
});

refuses([
  [{ limits: null }, 'type', 'limits'],
  [{ limits: [] }, 'type', 'limits'],
  [{ limits: '1GiB' }, 'type', 'limits'],
  [{ limits: { ram: 1 } }, 'unknown', 'limits.ram'],
  [{ limits: { memory: undefined } }, 'type', 'limits.memory'],
  [{ limits: { memory: null } }, 'type', 'limits.memory'],
  [{ limits: { memory: 65_535 } }, 'value', 'limits.memory'],
  [{ limits: { memory: '63KiB' } }, 'value', 'limits.memory'],
  [{ limits: { memory: 'max' } }, 'value', 'limits.memory'],
  [{ limits: { memory: '1GiB\0' } }, 'value', 'limits.memory'],
  [{ limits: { swap: -1 } }, 'value', 'limits.swap'],
  [{ limits: { swap: false } }, 'type', 'limits.swap'],
  [{ limits: { disk: '63KiB' } }, 'value', 'limits.disk'],
  [{ limits: { disk: 0 } }, 'value', 'limits.disk'],
  [{ limits: { disk: {} } }, 'type', 'limits.disk'],
  [{ limits: { cpus: 0 } }, 'value', 'limits.cpus'],
  [{ limits: { cpus: 0.009 } }, 'value', 'limits.cpus'],
  [{ limits: { cpus: 10_001 } }, 'value', 'limits.cpus'],
  [{ limits: { cpus: NaN } }, 'value', 'limits.cpus'],
  [{ limits: { cpus: Infinity } }, 'value', 'limits.cpus'],
  [{ limits: { cpus: '2' } }, 'type', 'limits.cpus'],
  ...counts.flatMap(([key, least, most]): readonly RefusalRow[] => [
    [{ limits: { [key]: least - 1 } }, 'value', `limits.${key}`],
    [{ limits: { [key]: most + 1 } }, 'value', `limits.${key}`],
    [{ limits: { [key]: least + 0.5 } }, 'value', `limits.${key}`],
    [{ limits: { [key]: String(least) } }, 'type', `limits.${key}`],
    [{ limits: { [key]: null } }, 'type', `limits.${key}`],
  ]),
  [{ limits: { io: {} } }, 'type', 'limits.io'],
  [{ limits: { io: ['/dev/vda'] } }, 'type', 'limits.io[0]'],
  [io({ device: undefined }), 'type', 'limits.io[0].device'],
  [io({ device: 8 }), 'type', 'limits.io[0].device'],
  [io({ device: '' }), 'value', 'limits.io[0].device'],
  [io({ device: 'vda' }), 'value', 'limits.io[0].device'],
  [io({ device: '8:' }), 'value', 'limits.io[0].device'],
  [io({ device: '08:0' }), 'value', 'limits.io[0].device'],
  [io({ device: '8:0 rbps=max' }), 'value', 'limits.io[0].device'],
  [io({ device: '8:0\n' }), 'value', 'limits.io[0].device'],
  [io({ device: '4096:0' }), 'value', 'limits.io[0].device'],
  [io({ device: '0:1048576' }), 'value', 'limits.io[0].device'],
  [io({ device: '/dev/vda\0' }), 'value', 'limits.io[0].device'],
  [io({ rbps: 1 }), 'unknown', 'limits.io[0].rbps'],
  [io({ readBytesPerSecond: 0 }), 'value', 'limits.io[0].readBytesPerSecond'],
  [io({ readBytesPerSecond: true }), 'type', 'limits.io[0].readBytesPerSecond'],
  [io({ writeBytesPerSecond: '0B' }), 'value', 'limits.io[0].writeBytesPerSecond'],
  [io({ readOperationsPerSecond: 0 }), 'value', 'limits.io[0].readOperationsPerSecond'],
  [io({ readOperationsPerSecond: '5' }), 'type', 'limits.io[0].readOperationsPerSecond'],
  [io({ writeOperationsPerSecond: 2 ** 32 - 1 }), 'value', 'limits.io[0].writeOperationsPerSecond'],
  [{ limits: { io: [{ device: '/dev/vda' }] } }, 'value', 'limits.io[0]'],
  [
    {
      limits: {
        io: [
          { device: '8:0', readBytesPerSecond: 1 },
          { device: '8:0', writeBytesPerSecond: 1 },
        ],
      },
    },
    'conflict',
    'limits.io[1].device',
  ],
]);

for (const [key, least, most] of counts) {
  test(`${key} takes both ends`, (t) => {
    for (const value of [least, most]) t.like(parseLimits({ [key]: value }, 'limits'), { [key]: value });
  });
}

test('sizes and cpus take both ends', (t) => {
  t.like(parseLimits({ memory: '64KiB', disk: '64KiB', swap: 0, cpus: 0.01 }, 'limits'), {
    memory: 65_536,
    disk: 65_536,
    swap: 0,
    cpus: 0.01,
  });
  t.is(parseLimits({ cpus: 10_000 }, 'limits').cpus, 10_000);
});

test('swap is none as soon as memory has a limit', (t) => {
  t.is(parseLimits({ memory: '1GiB' }, 'limits').swap, 0);
  t.is(parseLimits({ memory: '1GiB', swap: '2GiB' }, 'limits').swap, 2 ** 31);
  t.is(parseLimits({ swap: 0 }, 'limits').swap, 0);
  t.is(parseLimits({}, 'limits').swap, null);
});

test('files follow the disk', (t) => {
  t.is(parseLimits({ disk: '1GiB' }, 'limits').files, 262_144);
  t.is(parseLimits({ disk: 1_048_577 + 4096 }, 'limits').files, 258);
  t.is(parseLimits({ disk: '64KiB' }, 'limits').files, 256);
  t.is(parseLimits({ disk: '1GiB', files: 64 }, 'limits').files, 64);
});

test('devices by path and by number', (t) => {
  const { io: checked } = parseLimits(
    {
      io: [
        { device: '/dev/disk/by-id/x', writeBytesPerSecond: '1MiB' },
        { device: '4095:1048575', readOperationsPerSecond: 1, writeOperationsPerSecond: 2 ** 32 - 2 },
      ],
    },
    'limits',
  );
  t.deepEqual(checked, [
    { device: '/dev/disk/by-id/x', rbps: null, wbps: 2 ** 20, riops: null, wiops: null },
    { device: '4095:1048575', rbps: null, wbps: null, riops: 1, wiops: 2 ** 32 - 2 },
  ]);
});
