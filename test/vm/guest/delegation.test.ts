import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Anchor } from '../../../src/index.js';
import { shell } from '../../helpers/vm-guest.js';

const root = '/sys/fs/cgroup';
const home = membership();
const alone = join(root, 'tests', `alone-${process.pid}`);

/** Cgroup of this process. */
function membership(): string {
  return join(root, readFileSync('/proc/self/cgroup', 'utf8').trim().replace('0::', ''));
}

function moveTo(cgroup: string): void {
  writeFileSync(join(cgroup, 'cgroup.procs'), String(process.pid));
}

// A cgroup with this process in it and nothing else: what a plain service is started in.
test.beforeEach(() => {
  mkdirSync(alone);
  moveTo(alone);
});
test.afterEach.always(() => {
  moveTo(home);
  rmdirSync(alone);
});

test.serial(
  'without consent this process is not moved, and limits are refused with the remedy',
  async (t) => {
    await using anchor = await Anchor.open();
    const refused = anchor.run(shell('true', { limits: { memory: '64MiB' } }));
    const error = await t.throwsAsync(refused, { code: 'ERR_ROOM_CGROUP_DELEGATION' });
    t.regex(String((error as unknown as { hint?: string }).hint), /delegate: true/);
    t.is(membership(), alone);
    t.is((await anchor.run(shell('exit 3'))).outcome.exitCode, 3, 'without limits rooms are possible');
  },
);

test.serial('with consent it moves into a leaf while the Anchor is open, and back', async (t) => {
  const anchor = await Anchor.open({ cgroup: { delegate: true } });
  t.is(membership(), join(alone, 'anchor-main'));
  const { outcome } = await anchor.run(shell('hog 256', { limits: { memory: '64MiB' } }));
  t.is(outcome.reason, 'out-of-memory');
  await anchor.close();
  t.is(membership(), alone);
  t.deepEqual(
    readdirSync(alone, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
    [],
  );
});

test.serial('a cgroup that somebody else made for rooms is used as it is', async (t) => {
  const parent = join(root, 'tests', `given-${process.pid}`);
  mkdirSync(parent);
  t.teardown(() => {
    if (existsSync(parent)) rmdirSync(parent);
  });
  await using anchor = await Anchor.open({ cgroup: { parent } });
  await using room = await anchor.spawn(shell('read go', { limits: { processes: 10 } }));
  t.true(room.granted.cgroup?.path.startsWith(`${parent}/`));
  t.is(membership(), alone);
});
