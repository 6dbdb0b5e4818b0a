// What the whole machine has only so much of is used up: numbers of processes, namespaces, terminals.
import { readFileSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { Anchor, type RoomError, type RoomSpec } from '../../../src/index.js';
import { assertNothingLeft, standing } from '../../helpers/leftovers.js';
import { planks, shell } from '../../helpers/vm-guest.js';

const plank = planks.squashfs;

/** A spawn fails while the sysctl is `value`, and leaves nothing; the next one works when it is what it was. */
async function refuses(
  t: ExecutionContext,
  sysctl: string,
  value: string,
  more: Partial<RoomSpec> = {},
): Promise<RoomError> {
  const file = `/proc/sys/${sysctl.replaceAll('.', '/')}`;
  const usual = readFileSync(file, 'utf8');
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0, launchers: 1 });
  const ends = async (): Promise<number | null> => (await anchor.run(shell('exit 0', more))).outcome.exitCode;
  t.is(await ends(), 0);
  const during = await standing(plank);
  writeFileSync(file, value);
  const refused = await t.throwsAsync(ends());
  writeFileSync(file, usual);
  await assertNothingLeft(t, during, plank);
  t.is(await ends(), 0);
  await anchor.close();
  await assertNothingLeft(t, before, plank);
  return refused as RoomError;
}

test.serial('kernel.pid_max: no number is left for a process', async (t) => {
  // Numbers below 300 are given once only, after boot; this one belongs to nobody or to one process.
  const error = await refuses(t, 'kernel.pid_max', '301');
  t.like(error, { code: 'ERR_ROOM_LAUNCH', errno: -11 });
  t.true(['userns.create', 'clone'].includes(error.step ?? ''), error.message);
  t.regex(error.hint ?? '', /pid_max/);
});

for (const [kind, step, hint] of [
  ['user', 'userns.create', /user\.max_user_namespaces/],
  ['pid', 'clone', /max_\*_namespaces/],
  ['net', 'clone', /max_\*_namespaces/],
] as const)
  test.serial(`user.max_${kind}_namespaces: no namespace is left`, async (t) => {
    const error = await refuses(t, `user.max_${kind}_namespaces`, '0');
    t.like(error, { step, errno: -28 });
    t.true(['ERR_ROOM_LAUNCH', 'ERR_ROOM_USERNS_UNAVAILABLE'].includes(error.code), error.code);
    t.regex(error.hint ?? '', hint);
  });

test.serial('kernel.pty.max: no terminal is left, not in a room either', async (t) => {
  const error = await refuses(t, 'kernel.pty.max', '0', { stdio: { pty: {} } });
  t.like(error, { code: 'ERR_ROOM_LAUNCH', step: 'pty.open', errno: -28 });
  t.regex(error.hint ?? '', /kernel\.pty\.max/);
});
