import test from 'ava';
import { parseUsage } from '../../src/host/usage.js';

test('nothing is known where nothing is counted', (t) => {
  for (const value of Object.values(parseUsage({}))) t.is(value, null);
});

test('all of it', (t) => {
  const usage = parseUsage({
    'cpu.stat':
      'usage_usec 300\nuser_usec 200\nsystem_usec 100\ncore_sched.force_idle_usec 0\nnr_periods 5\nnr_throttled 2\nthrottled_usec 77\n',
    'memory.current': '4096\n',
    'memory.peak': '8192\n',
    'memory.swap.current': '0\n',
    'memory.swap.peak': '1\n',
    'memory.events': 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n',
    'pids.current': '1\n',
    'pids.peak': '9\n',
    'pids.events': 'max 4\n',
    'io.stat':
      '8:0 rbytes=1000 wbytes=20 rios=3 wios=4 dbytes=50 dios=6\n7:1 \n254:0 rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0 cost.usage=1\n',
  });
  t.deepEqual(usage, {
    cpuUser: 200,
    cpuSystem: 100,
    throttled: 77,
    memoryCurrent: 4096,
    memoryPeak: 8192,
    swapCurrent: 0,
    swapPeak: 1,
    processes: 1,
    processesPeak: 9,
    io: { readBytes: 1001, writeBytes: 21, readOperations: 4, writeOperations: 5 },
    oomKills: 2,
    outOfMemory: 3,
    processRefusals: 4,
  });
});

test('an empty io.stat is no traffic', (t) => {
  t.deepEqual(parseUsage({ 'io.stat': '' }).io, {
    readBytes: 0,
    writeBytes: 0,
    readOperations: 0,
    writeOperations: 0,
  });
});

test('texts of another form are not counted', (t) => {
  const usage = parseUsage({
    'memory.current': 'max\n',
    'memory.peak': '',
    'pids.current': '-1',
    'cpu.stat': 'user_usec\nsystem_usec 1 2\n\n',
    'memory.events': 'oom_kill 0x10\n',
  });
  t.is(usage.memoryCurrent, null);
  t.is(usage.memoryPeak, null);
  t.is(usage.processes, null);
  t.is(usage.cpuUser, null);
  t.is(usage.cpuSystem, null);
  t.is(usage.oomKills, null);
});
