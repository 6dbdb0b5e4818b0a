import { mkdtempSync, readFileSync, rmSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cgroupFile, dataDirectory, dataDisk, openAnchor, shell } from '../../helpers/vm-guest.js';

const MiB = 1 << 20;

test('a full writable layer is an error of the program, and costs the host nothing', async (t) => {
  const anchor = await openAnchor(t);
  const free = (): number => statfsSync('/tmp').bavail * statfsSync('/tmp').bsize;
  const before = free();
  const { stderr, outcome } = await anchor.run(
    shell('dd if=/dev/zero of=/tmp/file bs=64k count=1024', { limits: { disk: '4MiB' } }),
  );
  t.is(outcome.reason, 'exited');
  t.not(outcome.exitCode, 0);
  t.regex(stderr, /No space left on device/);
  t.true(outcome.limits.some(({ limit }) => limit === 'disk'));
  t.true((outcome.usage.diskPeak ?? 0) <= 4 * MiB);
  // Tests that run at the same time put their planks there.
  t.true(before - free() < 32 * MiB);
});

test('a layer without inodes left refuses files', async (t) => {
  const anchor = await openAnchor(t);
  const many = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); : > /tmp/$i || exit 7; done';
  const { outcome } = await anchor.run(shell(many, { limits: { files: 100 } }));
  t.is(outcome.reason, 'exited');
  t.not(outcome.exitCode, 0);
  t.true(outcome.limits.some(({ limit }) => limit === 'files'));
});

test('limits on input and output reach the kernel and slow a room down', async (t) => {
  const anchor = await openAnchor(t);
  const host = mkdtempSync(join(dataDirectory, 'io-'));
  t.teardown(() => rmSync(host, { recursive: true }));
  const device = readFileSync(`/sys/class/block/${dataDisk.replace('/dev/', '')}/dev`, 'utf8').trim();
  const room = await anchor.spawn(
    shell('read go; dd if=/dev/zero of=/data/file bs=64k count=32 conv=fsync', {
      mounts: [{ host, at: '/data', access: 'write' }],
      limits: {
        memory: '64MiB',
        io: [{ device: dataDisk, writeBytesPerSecond: '1MiB', readOperationsPerSecond: 1000 }],
      },
    }),
  );
  t.is(cgroupFile(room, 'io.max'), `${device} rbps=max wbps=${MiB} riops=1000 wiops=max`);
  const begin = process.hrtime.bigint();
  room.stdin?.end('go\n');
  const { reason, exitCode, usage } = await room.exited;
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  t.is(reason, 'exited');
  t.is(exitCode, 0);
  t.is(statSync(join(host, 'file')).size, 2 * MiB);
  const written = usage.io?.writeBytes ?? 0;
  t.true(written >= 2 * MiB, `${written} bytes written`);
  // Slower than the limit is always possible, faster is not; a burst of one interval is the kernel's to give.
  t.true(written / seconds < 1.5 * MiB, `${written} bytes in ${seconds} s`);
});

test('a device that does not exist is refused before anything is made', async (t) => {
  const anchor = await openAnchor(t);
  const limits = { io: [{ device: '/dev/none', readBytesPerSecond: 1 }] };
  await t.throwsAsync(anchor.run(shell('true', { limits })), { message: /limits\.io\[0\]\.device/ });
});
