import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { lines, nextText, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Writes to, renames and removes whatever it can. */
const havoc = `
  for f in $(find / -xdev -type f 2>/dev/null); do echo ruin >> $f; chmod 777 $f; truncate -s 1 $f; done
  for d in /bin /etc /home /root /tmp /usr /var; do touch $d/new; mv $d $d.moved; rm -rf $d; done
  dd if=/dev/zero of=/dev/loop0 bs=4096 count=1
  true`;

test('a plank is the same after rooms that wrote and removed all they could', async (t) => {
  const before = await digest(rooms.plank);
  const limits = { disk: '256MiB' };
  for (const user of ['root', 'app'] as const) {
    const { outcome } = await rooms.anchor.run(rooms.shell(havoc, { user, limits }));
    t.is(outcome.reason, 'exited');
  }
  t.is(await digest(rooms.plank), before);
  t.is(await rooms.output(t, 'ls /etc; cat /etc/group | head -1'), 'group\npasswd\nroot:x:0:');
});

test('what one room writes no other room sees, neither at the same time nor later', async (t) => {
  const first = await rooms.start(t, 'echo mine > /tmp/file; echo written; sleep 1000');
  await nextText(first.stdout);
  t.is(await rooms.output(t, 'ls /tmp'), '');
  await first.destroy();
  t.is(await rooms.output(t, 'ls /tmp'), '');
});

test('locks on a file of the plank are the own affair of each room', async (t) => {
  const holder = await rooms.start(t, 'locks /etc/passwd hold');
  await nextText(holder.stdout);
  t.is(await rooms.output(t, 'locks /etc/passwd try'), 'flock\nfcntl');
});

test('the writable layer ends where limits.disk says', async (t) => {
  const { stderr, outcome, room } = await rooms.anchor.run(
    rooms.shell('dd if=/dev/zero of=/tmp/large bs=64k count=64', { limits: { disk: '1MiB' } }),
  );
  t.is(outcome.exitCode, 1);
  t.regex(stderr, /No space left on device/);
  t.is(room.granted.disk.bytes, 1024 * 1024);
  t.deepEqual(
    outcome.limits.map(({ limit }) => limit),
    ['disk'],
  );
  const peak = outcome.usage.diskPeak ?? 0;
  t.true(peak > 900 * 1024 && peak <= 1024 * 1024, String(peak));
});

test('the writable layer has as many files as limits.files says', async (t) => {
  const { stderr, outcome } = await rooms.anchor.run(
    rooms.shell('for i in $(seq 200); do true > /tmp/$i || exit 3; done', { limits: { files: 100 } }),
  );
  t.is(outcome.exitCode, 3);
  t.regex(stderr, /No space left on device/);
  t.deepEqual(
    outcome.limits.map(({ limit }) => limit),
    ['files'],
  );
});

test('a sealed root takes no write, and mounts decide for themselves', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('touch /new /tmp/new /etc/passwd 2>&1; touch /scratch/new && ls /scratch', {
      readOnlyRoot: true,
      mounts: [{ tmpfs: '1MiB', at: '/scratch' }],
    }),
  );
  t.true(room.granted.readOnlyRoot);
  const said = lines(stdout);
  t.is(said.filter((line) => line.includes('Read-only file system')).length, 3);
  t.is(said.at(-1), 'new');
});

test('the end of a room follows none of its links to the host', async (t) => {
  const canary = join(rooms.directory, 'canary');
  await mkdir(canary);
  await writeFile(join(canary, 'file'), 'alive');
  for (let round = 0; round < 10; round++) {
    const { outcome } = await rooms.anchor.run(
      rooms.shell(`mkdir /tmp/a && rmdir /tmp/a && ln -s ${canary} /tmp/a; ln -s / /tmp/b; kill -9 $$`),
    );
    t.is(outcome.signal, 'SIGKILL');
  }
  t.deepEqual(await readdir(canary), ['file']);
});
