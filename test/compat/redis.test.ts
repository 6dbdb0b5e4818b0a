import test from 'ava';
import { lines } from '../helpers/room.js';
import { said, usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

for (const user of ['root', 'app'])
  test(`Redis as ${user}: a server on the loopback interface, many clients, snapshots by fork, an append-only file`, async (t) => {
    const room = await rooms.anchor.spawn(
      rooms.spec(['redis-server', '--dir', '/tmp', '--appendonly', 'yes', '--loglevel', 'warning'], {
        user,
        stdio: ['ignore', 'ignore', 'ignore'],
      }),
    );
    t.teardown(() => room.destroy());
    const redis = async (...words: string[]): Promise<string> => said(t, room, ['redis-cli', ...words]);
    await said(t, room, [
      'sh',
      '-c',
      'until redis-cli ping 2> /dev/null | grep -q PONG; do sleep 0.02; done',
    ]);
    t.is(await redis('set', 'key', '41'), 'OK');
    t.is(await redis('-h', 'localhost', 'incr', 'key'), '42');
    t.is(await redis('eval', 'return redis.call("get", KEYS[1]) * 2', '1', 'key'), '84');
    const bench = await said(t, room, [
      'redis-benchmark',
      '-q',
      '-n',
      '2000',
      '-c',
      '50',
      '-t',
      'set,get',
      '--csv',
    ]);
    t.is(lines(bench).length, 3, bench);
    t.is(await redis('save'), 'OK');
    t.is(await redis('bgrewriteaof'), 'Background append only file rewriting started');
    await said(t, room, [
      'sh',
      '-c',
      'while redis-cli info persistence | grep -q aof_rewrite_in_progress:1; do sleep 0.02; done',
    ]);
    t.true((await redis('info', 'persistence')).includes('aof_last_bgrewrite_status:ok'));
    t.true((await said(t, room, ['ls', '/tmp'])).includes('dump.rdb'));
    room.kill('SIGTERM');
    t.is((await room.exited).exitCode, 0);
  });
