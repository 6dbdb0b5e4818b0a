// No loop device is free, or none can be had. In a mount namespace with a /dev of its own, as a container has one: the loop devices
// of the machine are everybody's.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { library } from '../../helpers/room.js';
import { planks } from '../../helpers/vm-guest.js';

const run = promisify(execFile);
const leftovers = new URL('../../helpers/leftovers.js', import.meta.url).href;

/** A program that says how a spawn fails in its /dev, what is left of that, and how the next one goes after `mend`. */
function program(mend: string): string {
  return `
    import { execFileSync } from 'node:child_process';
    import { Anchor, RoomError } from ${JSON.stringify(library)};
    import { leftSince, standing } from ${JSON.stringify(leftovers)};
    const plank = ${JSON.stringify(planks.squashfs)};
    const spec = { plank, command: ['/bin/echo', 'fine'] };
    // The first streams of a Node take descriptors for ever; this plank needs no loop device.
    const first = await Anchor.open({ reserve: 0 });
    await first.run({ ...spec, plank: 'host' });
    await first.close();
    const before = await standing(plank);
    const anchor = await Anchor.open({ reserve: 0, launchers: 1 });
    const during = await standing(plank);
    const error = await anchor.run(spec).then(() => null, (reason) => reason);
    if (!(error instanceof RoomError)) throw error ?? new Error('it ran');
    const { code, step, syscall, errno, path, hint } = error;
    const left = await leftSince(during, plank);
    execFileSync('/bin/sh', ['-c', ${JSON.stringify(mend)}]);
    const next = (await anchor.run(spec)).stdout;
    await anchor.close();
    left.push(...(await leftSince(before, plank)));
    process.stdout.write(JSON.stringify({ code, step, syscall, errno, path, hint, left, next }));`;
}

/** What a container gets of /dev, and \`devices\`. */
async function inOwnDev(devices: string, mend: string): Promise<Record<string, unknown>> {
  const basics =
    'for d in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 $1/\${d%:*} c 1 \${d#*:}; done';
  const line = [
    'set -e; mkdir -p $1; mount -t tmpfs dev $1',
    basics,
    'mkdir $1/pts $1/shm; mount --bind /dev/pts $1/pts; ln -s pts/ptmx $1/ptmx; ln -s /proc/self/fd $1/fd',
    devices,
    'mount --move $1 /dev',
    'exec "$2" --input-type=module --eval "$3"',
  ].join('\n');
  const { stdout } = await run(
    'unshare',
    ['-m', 'sh', '-c', line, 'sh', '/run/own-dev', process.execPath, program(mend)],
    { timeout: 300_000 },
  );
  return JSON.parse(stdout) as Record<string, unknown>;
}

const control = 'mknod $1/loop-control c 10 237';
const loops = 'n=0; while [ $n -lt 64 ]; do mknod /dev/loop$n b 7 $n; n=$((n+1)); done';

test.serial('every loop device that a container was given is taken', async (t) => {
  const told = await inOwnDev(control, loops);
  t.like(told, { step: 'loop.attach', syscall: 'openat', errno: -2, left: [], next: 'fine\n' });
  t.regex(String(told['path']), /^\/dev\/loop\d+$/);
  t.regex(String(told['hint']), /\/dev\/loop/);
});

test.serial('there is no loop-control', async (t) => {
  const told = await inOwnDev(':', `mknod /dev/loop-control c 10 237; ${loops}`);
  t.like(told, {
    code: 'ERR_ROOM_PLANK_UNSUPPORTED',
    step: 'loop.attach',
    errno: -2,
    path: '/dev/loop-control',
  });
  t.like(told, { left: [], next: 'fine\n' });
  t.regex(String(told['hint']), /modprobe loop/);
});

test.serial('a loop device that the kernel names cannot be configured', async (t) => {
  // Block devices without a driver: what is left of a module that was unloaded.
  const broken = 'n=0; while [ $n -lt 64 ]; do mknod $1/loop$n b 230 $n; n=$((n+1)); done';
  const told = await inOwnDev(`${control}; ${broken}`, `rm /dev/loop[0-9]*; ${loops}`);
  t.like(told, {
    code: 'ERR_ROOM_PLANK_UNSUPPORTED',
    step: 'loop.attach',
    errno: -6,
    left: [],
    next: 'fine\n',
  });
  t.regex(String(told['path']), /^\/dev\/loop\d+$/);
});
