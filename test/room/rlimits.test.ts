import test from 'ava';
import type { RlimitsSpec, RoomError } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** As proc_pid_limits(5) names them. */
const rows = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

async function limits(rlimits?: RlimitsSpec): Promise<(name: keyof typeof rows) => string | undefined> {
  const spec = rooms.spec(['cat', '/proc/self/limits'], rlimits === undefined ? {} : { rlimits });
  const { stdout } = await rooms.anchor.run(spec);
  return (name) => new RegExp(`^${rows[name]}\\s+(\\S+\\s+\\S+)`, 'm').exec(stdout)?.[1]?.replace(/\s+/, ' ');
}

test('without being asked, nothing dumps core and 1024 files can be open', async (t) => {
  const limit = await limits();
  t.is(limit('core'), '0 0');
  t.is(limit('nofile'), '1024 4096');
});

test('every limit of setrlimit(2) can be set', async (t) => {
  const big = 2 ** 40;
  const asked = {
    as: { soft: big, hard: 2 * big },
    core: 4096,
    cpu: { soft: 100, hard: 'unlimited' },
    data: big,
    fsize: big,
    memlock: 8192,
    msgqueue: 1000,
    nice: 0,
    nofile: { soft: 64, hard: 128 },
    nproc: 1000,
    rtprio: 0,
    rttime: 1_000_000,
    sigpending: 77,
    stack: { soft: 4_194_304, hard: 'unlimited' },
  } as const;
  const limit = await limits(asked);
  for (const [name, value] of Object.entries(asked)) {
    const { soft, hard } = typeof value === 'object' ? value : { soft: value, hard: value };
    t.is(limit(name as keyof typeof rows), `${soft} ${hard}`, name);
  }
});

test('limits above those of this process are given, or refused by name where it may not raise them', async (t) => {
  const asked = { rlimits: { nofile: 1_500_000_000, rtprio: 3 } };
  try {
    const { stdout } = await rooms.anchor.run(rooms.spec(['cat', '/proc/self/limits'], asked));
    t.regex(stdout, /^Max realtime priority +3 +3/m);
  } catch (error) {
    const { code, hint, step } = error as RoomError;
    t.deepEqual({ code, step }, { code: 'ERR_ROOM_PERMISSION', step: 'rlimit' });
    t.regex(hint ?? '', /CAP_SYS_RESOURCE/);
  }
});

test('nofile ends opening', async (t) => {
  const output = await rooms.output(
    t,
    'exec 5</etc/passwd; (exec 6</etc/passwd) 2>/dev/null || echo no more',
    {
      rlimits: { nofile: 6 },
    },
  );
  t.is(output, 'no more');
});

test('fsize ends the writer with a signal', async (t) => {
  const { outcome } = await rooms.anchor.run(
    rooms.spec(['dd', 'if=/dev/zero', 'of=/tmp/x', 'bs=4096', 'count=10'], { rlimits: { fsize: 4096 } }),
  );
  t.is(outcome.reason, 'signaled');
  t.is(outcome.signal, 'SIGXFSZ');
});

test('cpu ends what computes', async (t) => {
  const { outcome } = await rooms.anchor.run(rooms.shell('while :; do :; done', { rlimits: { cpu: 1 } }));
  t.is(outcome.reason, 'signaled');
  t.true(outcome.signal === 'SIGKILL' || outcome.signal === 'SIGXCPU', String(outcome.signal));
});

test('nproc counts the processes of this room and not those of another', async (t) => {
  const rlimits = { nproc: 3 };
  const line = 'sleep 1000 & sleep 1000 & sleep 1000 & echo $?; wait';
  const user = 'app';
  const results = await Promise.all(
    [1, 2].map(() => rooms.anchor.run(rooms.shell(line, { user, rlimits, lifetime: '20s' }))),
  );
  for (const { stderr } of results) t.regex(stderr, /can't fork/);
  t.is(await rooms.output(t, 'true; (true); (true) && echo free', { user, rlimits }), 'free');
});
