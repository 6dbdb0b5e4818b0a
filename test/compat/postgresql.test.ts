import test, { type ExecutionContext } from 'ava';
import type { Room, RoomSpec } from '../../src/index.js';
import { lines } from '../helpers/room.js';
import { said, usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

const env = { PATH: '/usr/lib/postgresql/bin:/usr/bin:/bin', PGDATA: '/tmp/data', PGHOST: '/tmp' };

/** A room with a server in it, as a user without rights. */
async function serve(t: ExecutionContext, more: Partial<RoomSpec> = {}): Promise<Room> {
  const room = await rooms.anchor.spawn(
    rooms.shell(
      'initdb -A trust --no-sync > /tmp/initdb && exec postgres -k /tmp -c listen_addresses=localhost -c fsync=on',
      { user: 'postgres', env, stdio: ['ignore', 'ignore', 'ignore'], ...more },
    ),
  );
  t.teardown(() => room.destroy());
  await said(t, room, ['sh', '-c', 'until pg_isready -q; do sleep 0.05; done']);
  return room;
}

async function query(t: ExecutionContext, room: Room, ...statements: string[]): Promise<string[]> {
  const commands = statements.flatMap((each) => ['-c', each]);
  return lines(await said(t, room, ['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', ...commands, 'postgres']));
}

test('PostgreSQL: initdb, a server, queries over a unix socket and TCP, a clean stop', async (t) => {
  const room = await serve(t);
  t.deepEqual(
    await query(
      t,
      room,
      'create table items as select generate_series(1, 1000) as n',
      'select count(*), sum(n) from items',
      'checkpoint',
      'vacuum analyze items',
      'select current_user, inet_server_addr() is null',
    ),
    ['1000|500500', 'postgres|t'],
  );
  t.is(
    await said(t, room, ['psql', '-AtX', '-h', '127.0.0.1', '-c', 'select inet_server_addr()', 'postgres']),
    '127.0.0.1',
  );
  // SIGTERM waits for clients, SIGINT does not.
  room.kill('SIGINT');
  t.is((await room.exited).exitCode, 0);
});

test('PostgreSQL: parallel workers share memory, and queries are compiled to machine code', async (t) => {
  const room = await serve(t);
  const setup = [
    'create table items as select generate_series(1, 20000) as n',
    'set parallel_setup_cost = 0',
    'set parallel_tuple_cost = 0',
    'set min_parallel_table_scan_size = 0',
    'set max_parallel_workers_per_gather = 2',
    'set jit_above_cost = 0',
    'set jit_optimize_above_cost = 0',
  ];
  const plan = await query(t, room, ...setup, 'explain (analyze, timing off) select sum(n * 2) from items');
  const text = plan.join('\n');
  t.regex(text, /Workers Launched: 2/);
  t.regex(text, /JIT:/);
  t.deepEqual(await query(t, room, 'show dynamic_shared_memory_type', 'select sum(n * 2) from items'), [
    'posix',
    '400020000',
  ]);
});

test('PostgreSQL: a server that was killed recovers', async (t) => {
  const start = `pg_ctl -o '-k /tmp -c listen_addresses=' -l /tmp/log -w start > /tmp/start`;
  const output = await rooms.output(
    t,
    `initdb -A trust > /tmp/initdb && ${start} && psql -qX -c 'create table items as select 42 as n' postgres
     kill -KILL $(head -1 /tmp/data/postmaster.pid); while pgrep -x postgres > /tmp/pids; do sleep 0.05; done
     ${start}; grep -c 'automatic recovery' /tmp/log; psql -AtX -c 'select n from items' postgres; pg_ctl stop > /tmp/stop`,
    { user: 'postgres', env },
  );
  t.deepEqual(lines(output), ['1', '42']);
});

test('PostgreSQL refuses to run as root, as everywhere', async (t) => {
  const { stderr, outcome } = await rooms.anchor.run(rooms.shell('initdb', { env }));
  t.is(outcome.exitCode, 1);
  t.regex(stderr, /cannot be run as root/);
});
