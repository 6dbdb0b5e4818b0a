import test from 'ava';
import { lines, nextText, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('/dev holds what every program expects, and nothing else', async (t) => {
  const names = 'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero';
  t.is(await rooms.output(t, 'ls /dev | xargs echo'), names);
  t.is(await rooms.output(t, 'find /dev -type b'), '');
});

test('the devices do what they are for, for every user', async (t) => {
  const command = `
    head -c 3 /dev/zero | od -An -tx1
    echo lost > /dev/null && cat /dev/null
    echo x > /dev/full || echo full
    [ $(head -c 16 /dev/urandom | wc -c) = 16 ] && echo urandom
    [ $(head -c 16 /dev/random | wc -c) = 16 ] && echo random
    true < /dev/tty || echo no terminal`;
  for (const user of ['root', 'app']) {
    const output = lines(await rooms.output(t, command, { user })).map((line) => line.trim());
    t.deepEqual(output, ['00 00 00', 'full', 'urandom', 'random', 'no terminal'], user);
  }
});

test('no room can change /dev for another', async (t) => {
  const output = await rooms.output(
    t,
    `touch /dev/new || echo touch
     rm /dev/null || echo rm
     chmod 0 /dev/zero || echo chmod
     mv /dev/full /dev/empty || echo mv
     ln -sf /dev/zero /dev/null || echo ln`,
  );
  t.deepEqual(lines(output), ['touch', 'rm', 'chmod', 'mv', 'ln']);
  t.is(await rooms.output(t, 'stat -c %a /dev/zero /dev/null /dev/full | xargs echo'), '666 666 666');
});

test('/dev/stdin, /dev/stdout, /dev/stderr and /dev/fd lead to the streams of the command', async (t) => {
  const { stdout, stderr } = await rooms.anchor.run(
    rooms.shell('cat /dev/stdin; echo out > /dev/stdout; echo error > /dev/stderr; echo fd > /dev/fd/1'),
    { input: 'in\n' },
  );
  t.is(stdout, 'in\nout\nfd\n');
  t.is(stderr, 'error\n');
});

test('they do so for a user without rights, too', async (t) => {
  const { stdout, stderr } = await rooms.anchor.run(
    rooms.shell('cat /dev/stdin; echo out > /dev/stdout; echo error > /dev/stderr', { user: 'app' }),
    { input: 'in\n' },
  );
  t.is(stdout, 'in\nout\n');
  t.is(stderr, 'error\n');
});

test('/dev/shm and /dev/mqueue can be written by everybody in the room and nobody else', async (t) => {
  const first = await rooms.start(
    t,
    'echo x > /dev/shm/here && true > /dev/mqueue/queue && ls /dev/shm /dev/mqueue; sleep 1000',
    { user: 'app' },
  );
  t.true((await nextText(first.stdout)).includes('here'));
  t.is(await rooms.output(t, 'ls -A /dev/shm /dev/mqueue | grep -v :$'), '');
});

test('/dev/shm is limited', async (t) => {
  const { outcome, stderr } = await rooms.anchor.run(
    rooms.shell('dd if=/dev/zero of=/dev/shm/large bs=1M count=65'),
  );
  t.is(outcome.exitCode, 1);
  t.regex(stderr, /No space left/);
});

test('terminals of the host are not in /dev/pts', async (t) => {
  t.is(await rooms.output(t, 'ls /dev/pts'), 'ptmx');
});

test('the room can open a terminal of its own', async (t) => {
  t.is(await rooms.output(t, 'exec 9<>/dev/ptmx; ls /dev/pts | xargs echo'), '0 ptmx');
});
