import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Anchor, buildNixPlank, RoomError } from '../../src/index.js';
import { anchor as anchorCommand } from '../cli/anchor-command.js';
import { scratch } from '../helpers/image.js';

test.serial('a plank with Nix in it: the same bytes whoever builds, and Nix runs', async (t) => {
  t.timeout(300_000);
  const directory = await scratch(t);
  const before = process.umask(0o022);
  t.teardown(() => process.umask(before));
  const plain = await buildNixPlank({ output: join(directory, 'a.sqsh'), level: 1 });
  process.umask(0o077);
  const private_ = await buildNixPlank({ output: join(directory, 'b.sqsh'), level: 1, processors: 1 });
  process.umask(before);
  t.is(private_.identity, plain.identity);
  const command = await anchorCommand([
    'plank',
    'build',
    '--nix',
    '--level',
    '1',
    '--json',
    '-o',
    join(directory, 'c.sqsh'),
  ]);
  t.deepEqual([command.code, command.stderr], [0, '']);
  t.is((JSON.parse(command.stdout) as { identity: string }).identity, plain.identity);

  await using anchor = await Anchor.open();
  const line =
    'nix --version; nix-store --version; nix eval --expr "1 + 1"; bash -c "echo \$BASH_VERSION" | wc -l; ls /nix/store';
  const { stdout, outcome } = await anchor.run({
    plank: join(directory, 'a.sqsh'),
    command: ['sh', '-ec', line],
    env: { HOME: '/root' },
  });
  t.deepEqual([outcome.reason, outcome.exitCode], ['exited', 0]);
  t.regex(stdout, /^nix \(Nix\) \S+\nnix-store \(Nix\) \S+\n2\n1\n$/);
});

test.serial('what is missing on the machine is said, and nothing stays', async (t) => {
  const directory = await scratch(t);
  const before = process.env['PATH'];
  t.teardown(() => void (process.env['PATH'] = before));
  process.env['PATH'] = '';
  const error = await t.throwsAsync(
    buildNixPlank({ output: join(directory, 'a.sqsh'), temporary: directory }),
    { instanceOf: RoomError },
  );
  t.is(error.code, 'ERR_ROOM_PLANK_BUILD');
  t.regex(error.message, /^nix is not installed/);
  t.is(error.hint, 'apt-get install nix-bin');
  t.deepEqual(await readdir(directory), []);
});
