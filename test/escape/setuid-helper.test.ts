// Class 24: a privileged helper keeps an id or a capability, or tells its caller what exists (isolate 2.5).
// Rule: there is none. The package installs no set-id program and none with capabilities, and needs nobody's rights but those that
//   the embedding program has.
// Mutation: chmod u+s build/Release/room-init.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { descendantsOf, read } from '../helpers/host-state.js';
import { useRooms } from '../helpers/room.js';
import { field } from './helpers/room-processes.js';

const rooms = useRooms(test);

const shipped = ['build/Release', 'dist', 'native', 'prebuilds', 'schema'].filter((name) => existsSync(name));

test('no file that is shipped has an id or capabilities to give', (t) => {
  const files = shipped.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  t.true(files.some((file) => file.endsWith('room-init')));
  t.deepEqual(
    files.filter((file) => (statSync(file).mode & 0o6000) !== 0),
    [],
  );
  t.is(execFileSync('getcap', ['-r', ...shipped], { encoding: 'utf8' }), '');
});

test('what runs beside the rooms has the ids of the program, and no more capabilities than it', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const own = read('/proc/self/status');
  const beside = [...descendantsOf(process.pid)].filter(([, name]) => name === 'room-keeper');
  // It removes the cgroups of a program that was killed; where there are none there is no keeper.
  t.is(beside.length, room.granted.cgroup === null ? 0 : 1);
  for (const [key] of beside) {
    const status = read(`/proc/${Number.parseInt(key, 10)}/status`);
    t.is(field(status, 'Uid'), field(own, 'Uid'));
    const more = BigInt(`0x${field(status, 'CapPrm')}`) & ~BigInt(`0x${field(own, 'CapPrm')}`);
    t.is(more, 0n);
  }
});
