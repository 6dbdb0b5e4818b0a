import test from 'ava';
import { hostDirectory, lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

// Nothing of the host says who is at work.
const env = {
  HOME: '/tmp',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@room',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@room',
};

const line = `set -e
git init -q -b main /tmp/one && cd /tmp/one
for i in $(seq 20); do seq $i > file && git add file && git commit -qm "number $i"; done
printf '#!/bin/sh\\necho hook >> /tmp/hooks\\n' > .git/hooks/post-commit && chmod +x .git/hooks/post-commit
git switch -qc branch && echo more > other && git add other && git commit -qm other
git switch -q main && git merge -q --no-ff -m merge branch
git clone -q /tmp/one /tmp/two
git clone -q --bare file:///tmp/one /tmp/bare.git
git -C /tmp/two gc -q --aggressive && git -C /tmp/two fsck --strict
git worktree add -q /tmp/tree branch && ls /tmp/tree
cd /tmp/two && echo pushed > file && git commit -qam pushed && git push -q /tmp/bare.git main
git -C /tmp/bare.git log --format=%s -2 main; git rev-list --count --all; cat /tmp/hooks; git grep -c pushed`;

for (const user of ['root', 'app'])
  test(`git as ${user}: commit, merge, clone by path and by file://, gc, fsck, worktree, push, hooks`, async (t) => {
    t.deepEqual(lines(await rooms.output(t, line, { user, env })), [
      'file',
      'other',
      'pushed',
      'merge',
      '23',
      'hook',
      'file:1',
    ]);
  });

test('git works in a repository of the host, whoever is at work there', async (t) => {
  const host = await hostDirectory(t);
  const writable = [{ host, at: '/repo', access: 'write' as const }];
  const committing = 'cd /repo && git init -q && date +%N > by && git add by && git commit -qm';
  for (const user of ['root', 'app'])
    await rooms.output(t, `${committing} "of ${user}"`, { user, env, mounts: writable });
  const readable = [{ host, at: '/repo' }];
  for (const user of ['root', 'app']) {
    const reading =
      'git -C /repo log --format=%s && git clone -q /repo /tmp/clone && git -C /tmp/clone status --short';
    const output = await rooms.output(t, reading, { user, env, mounts: readable });
    t.deepEqual(lines(output), ['of app', 'of root'], user);
  }
});

test('git without a name and a HOME says what is missing', async (t) => {
  const { stderr, outcome } = await rooms.anchor.run(
    rooms.shell('cd /tmp && git init -q . && git commit --allow-empty -m x'),
  );
  t.is(outcome.exitCode, 128);
  t.regex(stderr, /Please tell me who you are/);
});
