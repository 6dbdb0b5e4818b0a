import test from 'ava';

const name = new URL('../../../scripts/host-state.mjs', import.meta.url).href;
const { changes, hostState } = (await import(name)) as {
  hostState: () => Map<string, string>;
  changes: (before: Map<string, string>, after: Map<string, string>) => string[];
};

test('the state of the host has what rooms were known to change', (t) => {
  const state = hostState();
  for (const path of ['/proc/sys/kernel/core_pattern', '/proc/sys/fs/suid_dumpable', '/etc/passwd'])
    t.not(state.get(path) ?? 'cannot be read', 'cannot be read', path);
  t.true([...state.keys()].some((key) => key.startsWith('mount / / ')));
  t.true(state.size > 500, String(state.size));
});

test('what is other, new or gone is told', (t) => {
  const before = new Map([
    ['/proc/sys/kernel/core_pattern', 'core'],
    ['mount / / rw', ''],
    ['plank a.sqsh', '12'],
    ['cgroup /sys/fs/cgroup/anchor-1-0', ''],
  ]);
  t.deepEqual(changes(before, new Map([...before, ['plank b.sqsh', '34']])), []);
  const after = new Map([
    ['/proc/sys/kernel/core_pattern', '|/escape'],
    ['plank a.sqsh', '13'],
    ['loop device loop0 of /tmp/a (deleted)', ''],
  ]);
  t.deepEqual(changes(before, after), [
    'gone: mount / / rw',
    'new: loop device loop0 of /tmp/a (deleted)',
    '/proc/sys/kernel/core_pattern: core became |/escape',
    'plank a.sqsh: 12 became 13',
  ]);
});
