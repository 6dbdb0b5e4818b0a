import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { roomInitCalls } from '../../../src/plan/seccomp/room-init.js';

const folder = 'native/init';

// room-keeper is under no filter, and what assemble/ does comes before it.
const sources = readdirSync(folder).filter((name) => name.endsWith('.cc') && name !== 'keeper.cc');

test('what a profile has to allow is what room-init calls', (t) => {
  const text = [...sources.map((name) => `${folder}/${name}`), 'native/sys/clock.h', 'native/sys/clone.h']
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const called = new Set([...text.matchAll(/__NR_(\w+)/g)].map((match) => match[1] ?? ''));
  called.delete('clone3'); // the launcher's, in sys/clone.h
  // What the kernel makes of a poll(2) that was interrupted by a stop.
  called.add('restart_syscall');
  // Written in assembly, as a number.
  called.add('exit_group');
  t.deepEqual([...new Set(roomInitCalls.map(({ name }) => name))].sort(), [...called].sort() as never);
});
