import { join } from 'node:path';
import test from 'ava';
import { progressText } from '../../src/cli/flake-option.js';
import { changesText } from '../../src/cli/flake-text.js';
import type { FailureReport } from '../../src/cli/failure.js';
import type { CurrentEnvironment, Declared, FlakeCheck } from '../../src/index.js';
import { anchor, type CommandResult } from '../cli/anchor-command.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

// docs/flakes.md shows this conversation.
test('show, check, build, declare, a mistake, rollback', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const env = { ...process.env, ANCHOR_VAULT: offline.vault.path, TMPDIR: join(offline.root, 'tmp') };
  const call = (word: string, ...args: readonly string[]): Promise<CommandResult> =>
    anchor(['flake', word, ...args], { env });
  const { directory } = offline;

  const empty = await call('show', directory);
  t.deepEqual([empty.stdout, empty.stderr], ['declared: busybox hello\nno plank of it is active\n', '']);
  const checked = await call('check', '--json', directory);
  t.deepEqual((JSON.parse(checked.stdout) as FlakeCheck).environment?.declaration.packages, [
    'busybox',
    'hello',
  ]);
  t.is((await call('lock', directory)).stdout, 'nothing has changed\n');

  const built = await call('build', '--rebuild', directory);
  t.deepEqual([built.code, built.stderr], [0, '']);
  t.regex(built.stdout, /^plank +planks\/room@1 {2}active\n/);
  t.regex(built.stdout, /^nix .*, in its sandbox, built twice\n/m);

  const declared = await call(
    'declare',
    '--add',
    'count',
    '--env',
    'A=1',
    '--entry',
    'three',
    directory,
    '--',
    'count',
    '3',
  );
  t.is(declared.code, 0, declared.stderr);
  t.regex(
    declared.stdout,
    /^\+ packages count\n\+ env A 1\n\+ entry three count 3\nplank +planks\/room@2 {2}active\n/,
  );

  const wrong = await call('declare', '--add', 'cuont', directory);
  t.deepEqual([wrong.code, wrong.stdout], [1, '']);
  t.regex(wrong.stderr, /^anchor: anchor\.env\.json:6: there is no package "cuont"/);
  offline.addPackage('broken', 'echo "cannot find frobnicate"; exit 1');
  const broken = await call('declare', '--add', 'broken', directory);
  t.regex(broken.stderr, /^anchor: the build of broken failed .*\n {2}\| cannot find frobnicate\n/);
  const report = JSON.parse(
    (await call('declare', '--json', '--add', 'broken', directory)).stderr,
  ) as FailureReport;
  t.deepEqual([report.code, report.log], ['ERR_FLAKE_BUILD', ['cannot find frobnicate']]);

  const shown = JSON.parse((await call('show', '--json', directory)).stdout) as {
    current: CurrentEnvironment;
  };
  t.is(shown.current.reference, 'planks/room@2');
  t.regex(
    (await call('show', directory)).stdout,
    /^plank +planks\/room@2 .*\n[^]*env A=1\n[^]*entry three: count 3\n/,
  );
  t.is((await call('rollback', directory)).stdout, 'planks/room@1  active\n');

  const idle = { command: ['hello'] };
  const edit = { packages: ['busybox', 'hello'], entry: { hello: null }, services: { idle } };
  const edited = await anchor(['flake', 'declare', '--json', '--edit', '-', directory], {
    env,
    input: JSON.stringify(edit),
  });
  t.deepEqual((JSON.parse(edited.stdout) as Declared).changes, [
    { field: 'entry', name: 'hello', before: ['hello'] },
    { field: 'services', name: 'idle', after: idle },
  ]);
  t.regex((await call('show', directory)).stdout, /^service idle: hello\n/m);
});

const slips: readonly [args: readonly string[], said: RegExp][] = [
  [['declare'], /DIRECTORY is missing/],
  [['declare', 'a', 'b'], /one word too many: b/],
  [['declare', 'a', '--', 'x'], /a command without --entry NAME/],
  [['declare', '--entry', 'x', 'a'], /--entry needs a command after --/],
  [['declare', '--edit', 'x', '--add', 'y', 'a'], /--edit and other changes/],
  [['declare', '--env', 'x', 'a'], /--env/],
  [['lock', '--update', 'x', '--update-all', 'a'], /one of them/],
  [['build', 'a'], /which vault\?/],
  [['biuld'], /did you mean build/],
];
for (const [args, said] of slips)
  test(`refused: anchor flake ${args.join(' ')}`, async (t) => {
    const env = { ...process.env, ANCHOR_VAULT: '' };
    const { code, stderr } = await anchor(['flake', ...args], { env });
    t.is(code, 2);
    t.regex(stderr, said);
  });

test('words for progress and changes', (t) => {
  const derivation = `/nix/store/${'a'.repeat(32)}-hello-2.drv`;
  t.is(progressText({ type: 'phase', phase: 'compare' }), 'building again …');
  t.is(progressText({ type: 'build', derivation, done: 1, expected: 4 }), 'building hello-2 (2 of 4)');
  t.is(progressText({ type: 'build', derivation, done: 4, expected: 4 }), 'building hello-2 (5 of 5)');
  t.is(progressText({ type: 'log', derivation, line: 'a\tb' }), 'hello-2: a b');
  t.is(progressText({ type: 'fetch', what: 'x' }), 'fetching x');
  t.is(
    changesText([
      { field: 'packages', name: 'a', before: 'a' },
      { field: 'env', name: 'B', before: '1', after: '2' },
      { field: 'entry', name: 'c', before: ['d', 'e'] },
    ]),
    '- packages a\n~ env B 1 -> 2\n- entry c d e\n',
  );
});
