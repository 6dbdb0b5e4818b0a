/**
 * Class 2: a descriptor of the embedding program is still open in the room, or the working directory is outside of it
 * (CVE-2024-21626, "Leaky Vessels").
 *
 * Rule: close_range(2) three times: Run() in native/child/child.cc before room-init, CloseEverything() in
 * native/init/assemble/assemble.cc when it has put the room together, SetStdio() in native/init/run.cc before each command
 * and before its chdir(2).
 * Mutation: CloseEverything() without close_range. (What the other two close is closed by execve as well.)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { library, lines, useRooms } from '../helpers/room.js';
import { descendantsOf, linkOf, list } from '../helpers/host-state.js';
import { hostilePlank } from './helpers/hostile-plank.js';
import { makeCanary, type Canary } from './helpers/canary.js';

const rooms = useRooms(test);

/** Where the leaked ones begin: Node itself closes on exec only what it finds open without a gap when it starts. */
const first = 100;
const count = 64;

interface Leaky {
  /** What the program printed, line by line. */
  readonly line: () => Promise<string>;
  readonly pid: number;
  readonly go: () => void;
  readonly ended: Promise<unknown>;
}

/** A Node that has directories and writable files of the host open, none of them close-on-exec, and works in one of them. */
async function leakyProcess(t: ExecutionContext, canary: Canary, source: string): Promise<Leaky> {
  const { O_RDONLY, O_DIRECTORY, O_RDWR } = constants;
  const names = ['', 'kernel', 'etc', 'secret', 'core_pattern', 'null'];
  const handles = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const name = names[index % names.length]!;
      const flags = index % names.length < 3 ? O_RDONLY | O_DIRECTORY : O_RDWR;
      return open(`${canary.directory}/${name}`, flags);
    }),
  );
  const inherited = [
    ...Array.from({ length: first - 3 }, () => 'ignore' as const),
    ...handles.map((handle) => handle.fd),
  ];
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: canary.directory,
    stdio: ['pipe', 'pipe', 'inherit', ...inherited],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  t.teardown(() => child.kill('SIGKILL'));
  await Promise.all(handles.map((handle) => handle.close()));
  const reader = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await reader.next();
    if (done === true) throw new Error('the program ended too early');
    return value;
  };
  t.true(JSON.parse(await line()) >= count, 'the program would leak them');
  return {
    line,
    pid: child.pid!,
    go: () => child.stdin!.end(),
    ended: once(child, 'exit'),
  };
}

/** A module that opens an Anchor, does what `body` says and ends. Its first line is how many descriptors it could leak. */
const moduleOf = (plank: string, body: string): string => `
  import { once } from 'node:events';
  import { readdirSync, readFileSync } from 'node:fs';
  import { Anchor } from ${JSON.stringify(library)};
  const plank = ${JSON.stringify(plank)};
  const anchor = await Anchor.open();
  const say = (what) => process.stdout.write(JSON.stringify(what) + '\\n');
  const closesOnExec = (fd) => (parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))[1], 8) & 0o2000000) !== 0;
  say(readdirSync('/proc/self/fd').filter((fd) => Number(fd) >= ${first} && !closesOnExec(fd)).length);
  ${body}
  await anchor.close();`;

test('nothing that the program has open is open in a room, whatever starts there', async (t) => {
  const canary = await makeCanary(t);
  const { line, ended } = await leakyProcess(
    t,
    canary,
    moduleOf(
      rooms.plank,
      `const shell = ['sh', '-c', 'descriptors | xargs echo; pwd; ls -d /proc/self/cwd/secret 2>&1'];
       say((await anchor.run({ plank, command: shell })).stdout);
       say((await anchor.run({ plank, command: shell, identity: 'host' })).stdout);
       say((await anchor.run({ plank, command: shell, stdio: { pty: {} } })).stdout);
       const room = await anchor.spawn({ plank, command: ['sleep', '1000'] });
       const later = await room.exec(shell);
       let text = '';
       for await (const chunk of later.stdout) text += chunk;
       say(text);`,
    ),
  );
  const expected = ['0 1 2', '/', 'ls: /proc/self/cwd/secret: No such file or directory'];
  for (const what of ['spawned', 'with identity host', 'on a terminal', 'started later'])
    t.deepEqual(lines((JSON.parse(await line()) as string).replaceAll('\r', '')), expected, what);
  await ended;
  canary.intact(t);
});

test('the host sees no process of a room hold anything of the program', async (t) => {
  const canary = await makeCanary(t);
  const leaky = await leakyProcess(
    t,
    canary,
    moduleOf(
      rooms.plank,
      `const started = [];
       for (const identity of ['mapped', 'host']) started.push(await anchor.spawn({ plank, identity, command: ['sleep', '1000'] }));
       for (const room of started) await room.exec(['sleep', '1000'], { cwd: '/tmp' });
       say(started.map((room) => room.pid));
       process.stdin.resume();
       await once(process.stdin, 'end');`,
    ),
  );
  const inits = JSON.parse(await leaky.line()) as number[];
  for (const init of inits) {
    const pids = [init, ...[...descendantsOf(init).keys()].map((key) => Number.parseInt(key, 10))];
    t.is(pids.length, 3);
    for (const pid of pids) {
      const places = [...list(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`), 'cwd', 'root', 'exe'];
      for (const place of places) {
        const target = linkOf(`/proc/${pid}/${place}`);
        t.false(target.startsWith(canary.directory), `${place} of ${pid} is ${target}`);
        t.regex(
          target,
          /^(\/|\/tmp|\/bin\/busybox|(pipe|socket|anon_inode):.*|\/memfd:room-init \(deleted\))$/,
        );
      }
    }
  }
  leaky.go();
  await leaky.ended;
  canary.intact(t);
});

test('no number of a descriptor is a working directory, not even for a moment', async (t) => {
  const canary = await makeCanary(t);
  const leaky = await leakyProcess(
    t,
    canary,
    moduleOf(
      rooms.plank,
      `const room = await anchor.spawn({ plank, command: ['sleep', '1000'] });
       const answers = {};
       const tried = [];
       for (let fd = 3; fd < ${first + count + 10}; fd++) tried.push('/proc/self/fd/' + fd, '/dev/fd/' + fd);
       tried.push('/proc/1/cwd', '/proc/1/root', '/proc/1/fd/3', '/proc/self/fd/0', '/proc/self/fd/1');
       for (const cwd of tried) {
         const code = await room.exec(['pwd'], { cwd }).then(() => 'started', (error) => error.code);
         answers[code] = (answers[code] ?? 0) + 1;
       }
       const some = tried.filter((_, index) => index % 8 === 0);
       for (const cwd of some) {
         const code = await anchor.spawn({ plank, command: ['pwd'], cwd }).then(() => 'started', (error) => error.code);
         answers[code] = (answers[code] ?? 0) + 1;
       }
       say([answers, tried.length + some.length]);`,
    ),
  );
  const [answers, tried] = JSON.parse(await leaky.line()) as [Record<string, number>, number];
  t.deepEqual(answers, { ERR_ROOM_CWD: tried });
  await leaky.ended;
});

test('a working directory that is a link of the plank stays inside', async (t) => {
  const canary = await makeCanary(t);
  const plank = await hostilePlank(t, {
    links: {
      absolute: canary.directory,
      up: `../../../../../..${canary.directory}`,
      root: '/proc/self/root/../..',
      own: '/proc/self/cwd/../../..',
    },
  });
  for (const cwd of ['/absolute', '/up'])
    await t.throwsAsync(rooms.anchor.spawn({ plank, command: ['pwd'], cwd }), { code: 'ERR_ROOM_CWD' });
  for (const cwd of ['/root', '/own']) {
    const { stdout } = await rooms.anchor.run({ plank, command: ['sh', '-c', 'pwd; ls -d tmp'], cwd });
    t.deepEqual(lines(stdout), ['/', 'tmp'], cwd);
  }
});

// From an open directory `..` leads up to the root of the host, chroot or not: MakeStreams() in native/launch/streams.cc
// refuses directories and O_PATH descriptors.
test('a directory of the host is no stream for a room', async (t) => {
  const canary = await makeCanary(t);
  const directory = await open(canary.directory);
  t.teardown(() => directory.close());
  const climb = `cat /proc/self/fd/0/secret /proc/self/fd/0/../../etc/hostname`;
  const spec = rooms.shell(climb, { stdio: [directory.fd, 'pipe', 'pipe'] });
  const output = await rooms.anchor.run(spec).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { code: string }).code,
  );
  t.false(output.includes(canary.token));
  t.true(output.startsWith('ERR_ROOM_'));
});
