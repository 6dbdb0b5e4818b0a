import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import test from 'ava';

test('the guest is what its name says', (t) => {
  t.is(process.env['ANCHOR_ROOMS_GUEST'], release());
  t.is(readFileSync('/proc/cgroups', 'utf8').includes('memory'), true);
});

test('all controllers that limits need are handed down to the tests', (t) => {
  const controllers = readFileSync('/sys/fs/cgroup/tests/cgroup.subtree_control', 'utf8').trim().split(' ');
  for (const name of ['cpu', 'io', 'memory', 'pids']) t.true(controllers.includes(name), name);
});
