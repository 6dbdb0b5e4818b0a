import test from 'ava';
import { runFresh } from '../helpers/fresh-process.js';
import { library, lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

test('the environment is what the spec says, in its order, and a PATH', async (t) => {
  process.env['ANCHOR_TEST_SECRET'] = 'of the host';
  const { stdout } = await rooms.anchor.run(
    rooms.spec(['env'], { env: { B: '2', A: 'a b\n"c"', EMPTY: '' } }),
  );
  t.is(stdout, `B=2\nA=a b\n"c"\nEMPTY=\n${defaultPath}\n`);
});

test('nothing at all is invented, not even HOME', async (t) => {
  for (const user of ['root', 'app']) {
    const { stdout } = await rooms.anchor.run(rooms.spec(['env'], { user }));
    t.is(stdout, `${defaultPath}\n`, user);
  }
});

test('PATH of the spec is where the program is looked for, and what it gets', async (t) => {
  const { stdout } = await rooms.anchor.run(rooms.spec(['env'], { env: { PATH: '/nowhere:/bin' } }));
  t.is(stdout, 'PATH=/nowhere:/bin\n');
});

test('no variable changes what runs outside of the room or before the command', async (t) => {
  const { stdout, outcome } = await rooms.anchor.run(
    rooms.shell('echo $LD_PRELOAD', { env: { LD_PRELOAD: '/tmp/evil.so', NODE_OPTIONS: '--bad', IFS: 'x' } }),
  );
  t.is(outcome.exitCode, 0);
  t.is(stdout, '/tmp/evil.so\n');
});

test('the working directory is / or what the spec says, also one that only its user may enter', async (t) => {
  t.is(await rooms.output(t, 'pwd'), '/');
  t.is(await rooms.output(t, 'pwd', { cwd: '/usr//local/./bin/' }), '/usr/local/bin');
  t.is(
    await rooms.output(t, 'pwd', { cwd: '/mine', mounts: [{ tmpfs: '1MiB', at: '/mine', mode: 0o700 }] }),
    '/mine',
  );
});

test('a working directory that is a link leads to where it points, in the room', async (t) => {
  t.is(await rooms.output(t, 'pwd -P', { cwd: '/sbin' }), '/bin');
  t.is(await rooms.output(t, 'pwd -P', { cwd: '/proc/self/root' }), '/');
});

test('the host name is the one of the spec and that of the host stays', async (t) => {
  t.is(await rooms.output(t, 'hostname'), 'room');
  t.is(await rooms.output(t, 'hostname; uname -n', { hostname: 'a-1.example' }), 'a-1.example\na-1.example');
});

const ids = 'id -u; id -g; id -G';

for (const [user, expected] of [
  [undefined, '0 0 0'],
  ['root', '0 0 0'],
  [0, '0 0 0'],
  ['app', '1000 1000 1000 50'],
  [1000, '1000 1000 1000'],
  ['1000:50', '1000 50 50'],
  ['app:staff', '1000 50 50'],
  ['app:7', '1000 7 7'],
  [4711, '4711 4711 4711'],
  ['65535:65535', '65535 65535 65535'],
] as const) {
  test(`user ${JSON.stringify(user)} has the ids ${expected}`, async (t) => {
    const output = await rooms.output(t, ids, user === undefined ? {} : { user });
    t.is(lines(output).join(' '), expected);
  });
}

for (const user of ['nobody-at-all', 'app:no-such-group'])
  test(`user ${user} is refused because the plank does not know it`, async (t) => {
    const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('id', { user })));
    t.is((error as NodeJS.ErrnoException).code, 'ERR_ROOM_USER_NOT_FOUND');
  });

test('a user without rights has no capability and cannot become root', async (t) => {
  const output = await rooms.output(
    t,
    'grep -E "^Cap(Eff|Prm|Bnd)" /proc/self/status | cut -f2; su -c id 2>&1; true',
    {
      user: 'app',
    },
  );
  t.deepEqual([...new Set(lines(output).slice(0, 3))], ['0000000000000000']);
  t.false(output.includes('uid=0'));
});

test('the umask is 022 whatever that of the embedding process is', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    process.umask(0o077);
    const anchor = await Anchor.open();
    process.umask(0o007);
    const spec = { plank: ${JSON.stringify(rooms.plank)}, mounts: [{ tmpfs: 65536, at: '/made/by/mount' }] };
    const line = 'umask; stat -c %a /made /made/by /made/by/mount /dev/null /etc';
    const { stdout } = await anchor.run({ ...spec, command: ['sh', '-c', line] });
    process.stdout.write(stdout);
    await anchor.close();`;
  const { stdout, stderr } = await runFresh(source);
  t.is(stdout, '0022\n755\n755\n1777\n666\n755\n', stderr);
});
