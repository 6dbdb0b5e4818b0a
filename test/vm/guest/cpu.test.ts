import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { cgroupFile, counter, openAnchor, shell, until } from '../../helpers/vm-guest.js';

const spin = 'while :; do :; done';

test('a quota of 0.2 CPUs is what the kernel hands out, by its own count', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell(`${spin} & ${spin}`, { limits: { cpus: 0.2 } }));
  t.is(cgroupFile(room, 'cpu.max'), '20000 100000');
  const first = cgroupFile(room, 'cpu.stat');
  // Periods are the kernel's own clock: ten of them, whatever time they take on a busy machine.
  await until(() => counter(cgroupFile(room, 'cpu.stat'), 'nr_periods') >= counter(first, 'nr_periods') + 10);
  const last = cgroupFile(room, 'cpu.stat');
  const grown = (name: string): number => counter(last, name) - counter(first, name);
  const share = grown('usage_usec') / (grown('nr_periods') * 100_000);
  t.true(grown('nr_throttled') > 0);
  t.true(share < 0.4 && share > 0.05, `${share} CPUs`);
  await room.destroy();

  const { usage, limits } = await room.exited;
  t.true((usage.throttled ?? 0) > 0);
  t.true((usage.cpuUser ?? 0) + (usage.cpuSystem ?? 0) >= grown('usage_usec'));
  t.true(limits.some(({ limit }) => limit === 'cpus'));
});

test('the quota can be changed while the room lives', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell(spin, { limits: { cpus: 0.1, cpuWeight: 50 } }));
  t.is(cgroupFile(room, 'cpu.weight'), '50');
  await room.setLimits({ cpus: 1.5, cpuWeight: 200 });
  t.is(cgroupFile(room, 'cpu.max'), '150000 100000');
  t.is(cgroupFile(room, 'cpu.weight'), '200');
  await room.destroy();
});

test('a frozen room takes no CPU time until it is thawed', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell(spin));
  const used = (): number => counter(cgroupFile(room, 'cpu.stat'), 'usage_usec');
  await until(() => used() > 20_000);
  await room.freeze();
  t.is(counter(cgroupFile(room, 'cgroup.events'), 'frozen'), 1);
  const frozen = used();
  await sleep(300);
  t.true(used() - frozen < 1000, 'only what the freezing itself took');
  const live = await room.usage();
  t.true((live.cpuUser ?? 0) + (live.cpuSystem ?? 0) > 0, 'its usage can be read all the same');
  await room.thaw();
  await until(() => used() > frozen + 20_000);
  await room.destroy();
});

test('a frozen room can be destroyed', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell(spin));
  await room.freeze();
  await room.destroy();
  t.is((await room.exited).reason, 'destroyed');
});
