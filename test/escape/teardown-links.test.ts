/**
 * Class 7: cleaning up after a room follows links that the room has made, or leaves something behind
 * (CVE-2024-23652, leftovers of masked paths in runc).
 *
 * Rule: nothing is deleted. The writable layer is a tmpfs without a path (MakeUpper() in native/launch/layers.cc) that goes
 * with its last descriptor: Janitor::Run() in native/watch/janitor.cc closes it. Mounts are made in the room's namespace
 * only, and clones of the host's are private (kPrivate in CloneHostTree(), native/launch/sources.cc).
 * Mutation: CloneHostTree(): `MountSetattr(…, -1, 0)` instead of kPrivate; or Janitor::Run(): `(void)remains.upper.take()`.
 */
import { execFile } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Room } from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { loopsOn } from '../helpers/host-state.js';
import { settled } from '../helpers/leftovers.js';
import { library, mountable, nextText, often, useRooms } from '../helpers/room.js';
import { hostFacts, makeCanary, mountPoints } from './helpers/canary.js';

const rooms = useRooms(test);
const run = promisify(execFile);

/** Puts links to the canary wherever something may be cleaned up, and then says that it is ready. */
const litter = (canary: string): string => `
  for d in /tmp /var /home /run /root /usr/local /etc; do rm -rf $d 2>/dev/null; ln -s ${canary} $d; done
  for i in 1 2 3 4 5 6 7 8; do mkdir -p /work/$i; ln -s ${canary} /work/$i/link; ln -s ../../../../..${canary} /work/$i/up; done
  ln -sf ${canary} /dev/shm/link; ln -sf ${canary}/secret /writable/link
  mv /work/1 /work/moved; ln -s ${canary} /work/1
  exec 2>/dev/null; echo ready`;

/** Every way in which a room ends. */
const ends: Readonly<Record<string, { last: string; end?: (room: Room) => unknown }>> = {
  'it exits': { last: 'exit 0' },
  'it kills itself': { last: 'kill -9 $$' },
  'it leaves processes behind': { last: 'sleep 1000 & (trap "" TERM HUP; sleep 1000) & exit 0' },
  'it is killed': { last: 'sleep 1000', end: (room) => room.kill('SIGKILL') },
  'it is destroyed': { last: 'sleep 1000', end: (room) => room.destroy() },
  'its time is over': { last: 'sleep 1000', end: (room) => room.extend('1ms') },
};

async function writable(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(mountable, 'anchor-writable-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  return directory;
}

for (const [what, { last, end }] of Object.entries(ends))
  test.serial(`links that a room has left lead nobody anywhere when ${what}`, async (t) => {
    const canary = await makeCanary(t);
    const facts = hostFacts();
    const host = await writable(t);
    for (let round = 0; round < often(20); round++) {
      const room = await rooms.start(t, `${litter(canary.directory)}; ${last}`, {
        mounts: [{ host, at: '/writable', access: 'write' }],
      });
      if (end !== undefined) {
        await nextText(room.stdout);
        end(room);
      }
      await room.exited;
      t.is(await room.removed, null);
      t.is(
        readlinkSync(join(host, 'link')),
        join(canary.directory, 'secret'),
        'what it left is as it left it',
      );
    }
    canary.intact(t);
    t.deepEqual(hostFacts(), facts);
    t.deepEqual(
      mountPoints().filter((point) => point.startsWith(host) || point.startsWith(canary.directory)),
      [],
    );
  });

test.serial('nor when the program that embeds them is killed', async (t) => {
  const canary = await makeCanary(t);
  const facts = hostFacts();
  const host = await writable(t);
  for (let round = 0; round < 2; round++) {
    const spec = rooms.shell(`${litter(canary.directory)}; sleep 1000`, {
      mounts: [{ host, at: '/writable', access: 'write' }],
    });
    const program = startFresh(`
      import { once } from 'node:events';
      import { Anchor } from ${JSON.stringify(library)};
      const anchor = await Anchor.open();
      const rooms = await Promise.all(Array.from({ length: 6 }, () => anchor.spawn(${JSON.stringify(spec)})));
      await Promise.all(rooms.map((room) => once(room.stdout, 'data')));
      console.log(JSON.stringify(rooms.map((room) => room.pid)));
      setTimeout(() => {}, 60_000);`);
    const pids = JSON.parse(await program.line()) as number[];
    process.kill(program.pid, 'SIGKILL');
    await program.ended;
    const alive = (): string[] => pids.filter((pid) => isInit(pid)).map(String);
    t.deepEqual(await settled(alive), []);
  }
  canary.intact(t);
  t.deepEqual(hostFacts(), facts);
});

function isInit(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'room-init\n';
  } catch {
    return false;
  }
}

test.serial('mounts of a room do not spread to a shared mount of the host that they lie on', async (t) => {
  const host = await mkdtemp(join(mountable, 'anchor-spread-'));
  await run('mount', ['-t', 'tmpfs', 'anchor-test', host]);
  t.teardown(async () => {
    await run('umount', ['-l', host]); // and what lies below
    await rm(host, { recursive: true });
  });
  await run('mount', ['--make-shared', host]);
  await mkdir(join(host, 'below'));
  for (const access of ['read', 'write'] as const) {
    const room = await rooms.start(t, 'exec sleep 1000', {
      identity: 'host',
      mounts: [
        { host, at: '/data', access },
        { tmpfs: '1MiB', at: '/data/below' },
      ],
    });
    t.deepEqual(
      mountPoints().filter((point) => point.startsWith(`${host}/`)),
      [],
      access,
    );
    // And the other way round: what the host mounts later is not in the room.
    await run('mount', ['-t', 'tmpfs', 'anchor-test', join(host, 'below')]);
    const mounts = readFileSync(`/proc/${room.pid}/mountinfo`, 'utf8');
    t.is(mounts.match(/ \/data\/below /g)?.length, 1);
    await room.destroy();
    t.is(mountPoints().filter((point) => point.startsWith(`${host}/`)).length, 1);
    await run('umount', [join(host, 'below')]);
  }
});

test.serial('what rooms have written is given back: memory, loop devices, mounts', async (t) => {
  const shared = (): number =>
    Number(/^Shmem:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024;
  const [loops, before] = [loopsOn(rooms.plank), shared()];
  const fill = 'dd if=/dev/zero of=/tmp/full bs=1M count=24; dd if=/dev/zero of=/dev/shm/full bs=1M count=24';
  for (let round = 0; round < 5; round++)
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { room } = await rooms.anchor.run(rooms.shell(`${fill}; exit 0`));
        await room.removed;
      }),
    );
  // A gigabyte was written. Others write to memory as well, but not so much.
  t.deepEqual(
    await settled(() => (shared() - before < 256 ? [] : [`${shared() - before} MiB are left`])),
    [],
  );
  t.deepEqual(loopsOn(rooms.plank), loops);
});
