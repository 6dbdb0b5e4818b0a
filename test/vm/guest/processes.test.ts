import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { cgroupFile, cgroupOf, openAnchor, processesIn, shell, spec, until } from '../../helpers/vm-guest.js';

test('a command that fails for want of processes ends with that reason', async (t) => {
  const anchor = await openAnchor(t);
  const { stdout, outcome } = await anchor.run(spec(['bomb'], { limits: { processes: 64 } }));
  t.is(outcome.reason, 'too-many-processes');
  t.is(outcome.exitCode, 1);
  t.is(stdout, 'made 62, then EAGAIN\n', 'room-init and the command itself make 64');
  t.is(outcome.usage.processesPeak, 64);
});

test('a command that copes with the refusal is not blamed for it', async (t) => {
  const anchor = await openAnchor(t);
  const { outcome } = await anchor.run(shell('bomb; exit 0', { limits: { processes: 64 } }));
  t.is(outcome.reason, 'exited');
  t.true(outcome.limits.some(({ limit }) => limit === 'processes'));
});

test('a fork bomb stays in its room and goes with it', async (t) => {
  const anchor = await openAnchor(t);
  const limits = { processes: 64, cpus: 0.5 };
  const room = await anchor.spawn(spec(['bomb', 'forever'], { limits }));
  const cgroup = cgroupOf(room);
  await until(() => Number(cgroupFile(room, 'pids.events').split(' ')[1]) > 1000);
  t.true(processesIn(cgroup).length <= 64);
  t.is(spawnSync('true').status, 0, 'the host can still start processes');
  await room.destroy();
  t.is((await room.exited).reason, 'destroyed');
  t.deepEqual(processesIn(cgroup), []);
  t.false(existsSync(cgroup));
});
