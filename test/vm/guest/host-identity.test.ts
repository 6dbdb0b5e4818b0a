/**
 * Class 9, for the one spec that could reach a cgroup hierarchy. In the guest only: without its rule it writes to those of the
 * machine.
 *
 * Rule: with the ids of the host no filter leaves a way to a user namespace: refuseUserNamespaces() in
 * src/plan/seccomp/user-namespaces.ts. There the room would have every capability, and be root of the host to what it mounts.
 */
import test from 'ava';
import { lines } from '../../helpers/room.js';
import { openAnchor } from '../../helpers/vm-guest.js';
import { hostilePlank } from '../../escape/helpers/hostile-plank.js';

const mounting = ['mount', 'umount2', 'fsopen', 'fsconfig', 'fsmount', 'move_mount'];

for (const way of ['unshare', 'clone', 'clone3'])
  test(`a room with the ids of the host may not have its own namespaces by ${way}`, async (t) => {
    const anchor = await openAnchor(t);
    const plank = await hostilePlank(t, { programs: ['reach-cgroup'] });
    const spec = {
      plank,
      command: ['reach-cgroup'],
      identity: 'host',
      seccomp: { allow: [...mounting, way] },
    } as const;
    const said = await anchor.run(spec).then(
      ({ stdout }) => lines(stdout).filter((line) => line.startsWith('DID write')),
      (error: unknown) => error,
    );
    t.like(said, { code: 'ERR_ROOM_SPEC_CONFLICT', field: 'seccomp' });
  });

test('one that may mount has nothing to do it with', async (t) => {
  const anchor = await openAnchor(t);
  const plank = await hostilePlank(t, { programs: ['reach-cgroup'] });
  const seccomp = { allow: mounting };
  const { stdout } = await anchor.run({ plank, command: ['reach-cgroup'], identity: 'host', seccomp });
  t.deepEqual(lines(stdout), ['end']);
});
