// What a room leaves in a dropzone is the work of a hostile party: nothing of it leads anywhere, blocks anybody, or comes into the
// vault as something else than it was.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Anchor, Vault, type DropzoneOutcome, type Room } from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { roomPlank, until } from '../helpers/room.js';

const run = promisify(execFile);

interface World {
  readonly vault: Vault;
  readonly directory: string;
  readonly room: Room;
  /** The dropzone, as root of the host can see it: for what a room could only do on other kernels, or with other filters. */
  readonly inside: string;
  /** Lets the command return 0. */
  readonly end: () => Promise<DropzoneOutcome>;
}

async function world(t: ExecutionContext, line = 'true', size = '32MiB'): Promise<World> {
  const directory = await scratch(t);
  const vault = await Vault.init(join(directory, 'vault'));
  const anchor = await Anchor.open({ vault: vault.path, reserve: 0 });
  t.teardown(async () => {
    await anchor.close();
    await vault.close();
  });
  const room = await anchor.spawn({
    plank: await roomPlank(),
    command: ['sh', '-c', `cd /out; ${line}; echo good >good; echo ready; read line; exit 0`],
    mounts: [{ vault: 'models', at: '/out', access: 'write', size }],
  });
  await once(room.stdout!, 'data');
  return {
    vault,
    directory,
    room,
    inside: `/proc/${room.pid}/root/out`,
    end: async () => {
      room.stdin?.end('\n');
      const { dropzones, exitCode } = await room.exited;
      t.is(exitCode, 0);
      await room.removed;
      return dropzones[0]!;
    },
  };
}

/** Names of the vault, and why the others were refused. */
const sorted = ({ kept, refused }: DropzoneOutcome): { kept: string[]; refused: Record<string, string> } => ({
  kept: kept.map(({ reference }) => reference),
  refused: Object.fromEntries(refused.map(({ entry, why }) => [entry, why])),
});

async function isKept(t: ExecutionContext, { vault }: World, names: readonly string[]): Promise<void> {
  t.deepEqual(
    (await vault.list()).map(({ reference }) => reference),
    [...names],
  );
  t.true((await vault.verify()).ok);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
}

test('links, FIFOs, second names and bad names made by the room itself', async (t) => {
  const here = await world(
    t,
    `ln -s /etc/shadow shadow; ln -s / root; ln -s . self; mkfifo fifo; echo 1 >one; ln one two
     mkdir tree deep; ln -s ../../etc tree/etc; mkfifo tree/fifo; echo x >tree/x; echo x >'new
line'; echo x >UPPER; echo x >..x; echo x >-rf; echo x >con; mkdir names; echo x >"names/a$(printf '\\033')[2J"
     (cd deep; for i in $(seq 70); do mkdir d; cd d; done; echo x >x)
     dd if=/dev/zero of=sparse bs=1 count=1 seek=8000000000000 2>/dev/null; mknod null c 1 3 2>/dev/null; true`,
  );
  const { kept, refused } = sorted(await here.end());
  t.deepEqual(kept, ['models/good@1']);
  for (const [entry, why] of [
    ['"shadow"', /is a symbolic link/],
    ['"root"', /is a symbolic link/],
    ['"self"', /is a symbolic link/],
    ['"fifo"', /is a FIFO/],
    ['"one"', /second name/],
    ['"two"', /second name/],
    ['"tree"', /"tree\/etc" is a symbolic link; "tree\/fifo" is a FIFO/],
    ['"new\\nline"', /no such names/],
    ['"UPPER"', /no such names/],
    ['"..x"', /no such names/],
    ['"-rf"', /no such names/],
    ['"con"', /no such names/],
    ['"names"', /control character/],
    ['"deep"', /too deep/],
    ['"sparse"', /more than there is room for/],
  ] as const) {
    t.regex(refused[entry] ?? 'not refused', why, entry);
    t.notRegex(refused[entry] ?? '', /[\u0000-\u001f]/);
  }
  await isKept(t, here, ['models/good']);
});

test('devices, sockets and names that are no text', async (t) => {
  const here = await world(t);
  const { inside } = here;
  await run('mknod', [join(inside, 'disk'), 'b', '253', '0']);
  await run('mknod', [join(inside, 'memory'), 'c', '1', '1']);
  await mkdir(join(inside, 'tree'));
  await run('mknod', [join(inside, 'tree/kmsg'), 'c', '1', '11']);
  const server = createServer().listen(join(inside, 'socket'));
  await once(server, 'listening');
  await writeFile(Buffer.concat([Buffer.from(`${inside}/`), Buffer.from([0x61, 0xff])]), 'x');
  await writeFile(Buffer.concat([Buffer.from(`${inside}/tree/`), Buffer.from([0xfe])]), 'x');
  const outcome = await here.end();
  server.close();
  const { kept, refused } = sorted(outcome);
  t.deepEqual(kept, ['models/good@1']);
  t.regex(refused['"disk"'] ?? '', /block device/);
  t.regex(refused['"memory"'] ?? '', /character device/);
  t.regex(refused['"tree"'] ?? '', /no UTF-8.*|character device/);
  t.regex(refused['"socket"'] ?? '', /socket/);
  t.is(outcome.refused.length, 5);
  await isKept(t, here, ['models/good']);
});

test('whoever still writes to it, by a descriptor that left the room, keeps all of it out', async (t) => {
  const here = await world(t);
  const file = await open(join(here.inside, 'good'), 'a');
  const { kept, refused } = await here.end();
  await file.close();
  t.deepEqual(kept, []);
  t.like(refused[0], { entry: '', code: 'ERR_VAULT_DROPZONE' });
  t.regex(refused[0]?.why ?? '', /EBUSY/);
  await isKept(t, here, []);
});

test('what is exchanged while it is collected, by somebody who has its directory open', async (t) => {
  const here = await world(t, 'for i in $(seq 200); do echo good >f$i; done');
  const program = join(here.directory, 'swap');
  await run('cc', ['-O1', '-o', program, 'test/fixtures/swap.c']);
  await symlink('/etc/shadow', join(here.inside, 'link'));
  // It ends by itself too: where nothing stops it, this process may be ended before it is.
  const swapper = spawn('timeout', ['120', program, 'good', 'link'], { cwd: here.inside });
  const stopped = once(swapper, 'exit');
  await once(swapper.stdout, 'data');
  const { kept, refused } = await here.end();
  const [code] = (await stopped) as [number | null];
  t.is(code, 1, 'the kernel let nobody exchange anything any more');
  // One of the two names is the file, and the other the link.
  t.is(kept.length, 201);
  t.regex(refused[0]?.why ?? '', /is a symbolic link/);
  for (const { reference, size } of kept) {
    t.is(size, 5);
    t.is(await readFile((await here.vault.inspect(reference)).path, 'utf8'), 'good\n');
  }
});

test('more entries than anybody wants to look at', async (t) => {
  const here = await world(
    t,
    `mkdir many; cd many; touch a; i=0; while [ $i -lt 2000 ]; do echo ln a $i; i=$((i+1)); done | sh; cd ..
     echo x >fine`,
    '64MiB',
  );
  const { kept, refused } = sorted(await here.end());
  t.deepEqual(kept, ['models/fine@1', 'models/good@1']);
  t.regex(refused['"many"'] ?? '', /second name \(a hard link\).*, and 1996 more$/);
});

test('a hundred thousand entries and one', async (t) => {
  const here = await world(t, 'true', '512MiB');
  const program = join(here.directory, 'fill.mjs');
  // Each file has thousands of names, for there are not that many inodes.
  await writeFile(
    program,
    `import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
     for (let d = 0; d < 101; d++) { mkdirSync('d' + d); writeFileSync('d' + d + '/x', '');
       for (let n = 0; n < 1000; n++) linkSync('d' + d + '/x', 'd' + d + '/' + n); }`,
  );
  await run(process.execPath, [program], { cwd: here.inside });
  const { kept, refused } = await here.end();
  t.deepEqual(kept, []);
  t.is(refused.length, 1);
  t.like(refused[0], { entry: '' });
  await isKept(t, here, []);
  await until(async () => (await readdir(join(here.vault.path, 'stage'))).length === 0);
});
