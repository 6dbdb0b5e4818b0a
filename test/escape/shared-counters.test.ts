/**
 * Goes with classes 23 and 27: what the kernel counts for each user is one account for a room and somebody outside, which the
 * room can empty.
 *
 * Rule: ids of a room are its own range (resolveRoom() in src/host/resolve.ts), and counters of user namespaces have to be of
 * an owner of their own as well (UserNamespace::Make() in native/launch/user_namespace.cc). The second half is missing.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { nextText, useRooms } from '../helpers/room.js';
import { attackProgram } from './helpers/attack-program.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);
const run = promisify(execFile);

/** Enough to be seen among what other programs of root take and give back meanwhile, and far from all. */
const taken = 40;

// What a room counts is counted for the owner of its user namespace, too (inc_ucount() in kernel/ucount.c goes up from namespace
// to owner). That is the room's own first id, not root: EffectiveId in native/launch/user_namespace.cc.
test('what a room takes of a limit for each user is not taken from root of the host', async (t) => {
  const program = await attackProgram('take-instances');
  const plank = await hostilePlank(t, { programs: ['take-instances'] });
  const free = async (): Promise<number> => {
    const child = run(program, ['4096']);
    child.child.stdin?.end();
    return Number((await child).stdout);
  };
  const before = await free();
  const room = await rooms.anchor.spawn({ plank, command: ['take-instances', String(taken)] });
  t.teardown(() => room.destroy());
  t.is(await nextText(room.stdout), `${taken}\n`);
  const during = await free();
  t.true(during > before - taken / 2, `${before} instances were free for root, now ${during} are`);
});
