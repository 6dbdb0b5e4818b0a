import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { FailureReport } from '../../../src/cli/failure.js';
import type { RunReport } from '../../../src/cli/run-report.js';
import { busyboxPlank, scratch } from '../../helpers/image.js';
import { anchor, StartedCommand } from '../anchor-command.js';

let plank: string;

test.before('a plank', async () => {
  plank = await busyboxPlank();
});

const shell = (line: string, ...options: string[]) => ['run', ...options, plank, 'sh', '-c', line];

test('the program writes to our streams and its exit code passes through', async (t) => {
  const { code, stdout, stderr } = await anchor(shell('echo out; echo err >&2; exit 3'));
  t.deepEqual({ code, stdout, stderr }, { code: 3, stdout: 'out\n', stderr: 'err\n' });
  t.is((await anchor(['run', 'host', 'true'])).code, 0);
});

test('signal n ends it with 128 + n', async (t) => {
  t.is((await anchor(shell('kill -KILL $$'))).code, 137);
  t.is((await anchor(shell('kill -USR1 $$'))).code, 138);
});

test('arguments arrive as they are', async (t) => {
  const odd = ['-i', '--help', '--', '', 'a b', '*', 'é\n'];
  const { stdout } = await anchor(['run', plank, 'printf', '[%s]', ...odd]);
  t.is(stdout, odd.map((word) => `[${word}]`).join(''));
});

test('standard input belongs to the program with -i only', async (t) => {
  const input = randomBytes(3 << 20);
  const { stdout } = await anchor(shell('sha256sum', '-i'), { input });
  t.is(stdout, `${createHash('sha256').update(input).digest('hex')}  -\n`);
  t.is((await anchor(shell('wc -c'), { input: 'unread' })).stdout.trim(), '0');
});

test('nothing of the environment is there but what was named', async (t) => {
  const { stdout } = await anchor(['run', '--env', 'A=1', '--env', 'NAMED', plank, 'env'], {
    env: { ...process.env, NAMED: 'yes', UNNAMED: 'no' },
  });
  const names = stdout.split('\n').filter((line) => !/^(PWD|SHLVL|PATH|)(=|$)/.test(line));
  t.deepEqual(names.sort(), ['A=1', 'NAMED=yes']);
});

test('125 when the room could not be made, with what to do about it', async (t) => {
  const missing = await anchor(['run', '/no/such.sqsh', 'true']);
  t.is(missing.code, 125);
  t.is(missing.stdout, '');
  t.regex(missing.stderr, /^anchor: there is no plank at \/no\/such\.sqsh\n {2}hint: .+\n$/);

  const program = await anchor(['run', '--json', plank, 'no-such-program']);
  t.is(program.code, 125);
  t.is((JSON.parse(program.stderr) as FailureReport).code, 'ERR_ROOM_COMMAND_NOT_FOUND');
});

test('2 for a value that cannot be, by the name of its option', async (t) => {
  const wrong: [args: string[], stderr: RegExp][] = [
    [['--memory', 'lots'], /^anchor: --memory: expected bytes .* got "lots"\n/],
    [['--mount', 'host=/a,at=b'], /^anchor: --mount host=\/a,at=b: at: expected an absolute path/],
    [['--cap', 'KIL'], /^anchor: --cap KIL: .*did you mean KILL\?/],
    [['--rlimit', 'nofile=9:1'], /^anchor: --rlimit nofile: soft: /],
    [['--memroy', '1GiB'], /^anchor: unknown option --memroy \(did you mean --memory\?\)\n {2}hint: /],
    [['--json-fd', '77'], /^anchor: --json-fd: descriptor 77 is not open\n/],
    [['--spec', '-', '-i'], /^anchor: --spec - and -i both read standard input\n/],
    [['--spec', '/no/such.json'], /^anchor: --spec: \/no\/such\.json cannot be read: ENOENT/],
    [['-it'], /^anchor: -it needs a terminal as standard input\n/],
  ];
  for (const [options, stderr] of wrong) {
    const result = await anchor(['run', ...options, plank, 'true']);
    t.is(result.code, 2, options.join(' '));
    t.regex(result.stderr, stderr);
  }
  t.regex((await anchor(['run', 'Bare', 'true'])).stderr, /^anchor: PLANK: expected /);
});

test('an error is JSON where JSON is wanted', async (t) => {
  const { code, stderr } = await anchor(['run', '--json', '--memory', 'lots', plank, 'true']);
  t.is(code, 2);
  const { code: name, field, message } = JSON.parse(stderr) as FailureReport;
  t.deepEqual([name, field], ['ERR_ROOM_SPEC_VALUE', 'limits.memory']);
  t.regex(message, /^--memory: /);
  const usage = await anchor(['run', '--json', '--nonsense', plank, 'true']);
  t.is((JSON.parse(usage.stderr) as FailureReport).code, 'ERR_ANCHOR_USAGE');
});

test('124 when the lifetime is over', async (t) => {
  const { code, stderr } = await anchor(shell('sleep 60', '--lifetime', '200ms'));
  t.is(code, 124);
  t.is(stderr, 'anchor: the lifetime of the room, 200ms, was over\n');
});

test('a spec from a file, changed by options', async (t) => {
  const directory = await scratch(t);
  const file = join(directory, 'room.json');
  const spec = {
    plank,
    command: ['sh', '-c', 'echo $A $B; hostname; pwd'],
    env: { A: '1', B: '1' },
    hostname: 'one',
  };
  await writeFile(file, JSON.stringify(spec));
  t.like(await anchor(['run', '--spec', file]), { code: 0, stderr: '', stdout: '1 1\none\n/\n' });
  const changed = ['--spec', file, '--env', 'B=2', '--hostname', 'two', '--cwd', '/tmp'];
  t.is((await anchor(['run', ...changed])).stdout, '1 2\ntwo\n/tmp\n');
  t.is((await anchor(['run', ...changed, '--', 'hostname'])).stdout, 'two\n');
  t.is((await anchor(['run', '--spec', '-', plank, 'pwd'], { input: '{"cwd":"/tmp"}' })).stdout, '/tmp\n');

  const unknown = await anchor(['run', '--spec', '-', plank, 'true'], { input: '{"memory":1}' });
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /^anchor: memory: there is no such field/);
  const broken = await anchor(['run', '--spec', '-'], { input: '{' });
  t.is(broken.code, 2);
  t.regex(broken.stderr, /^anchor: --spec: standard input is not JSON: /);
});

test('mounts and limits of the room are those of the options', async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, 'file'), 'content\n');
  const line = 'cat /in/file; df -k /scratch | tail -n 1 | tr -s " " | cut -d " " -f 2; ulimit -n; touch /x';
  const options = ['--mount', 'host=.,at=/in', '--tmpfs', 'at=/scratch,size=1MiB', '--rlimit', 'nofile=77'];
  const { code, stdout, stderr } = await anchor(shell(line, ...options, '--read-only-root'), {
    cwd: directory,
  });
  t.is(stdout, 'content\n1024\n77\n');
  t.is(code, 1);
  t.regex(stderr, /Read-only file system/);
});

test('--json says how it went, to standard error or to another descriptor', async (t) => {
  const { code, stdout, extra, stderr } = await anchor(shell('exit 5', '--json-fd', '3'));
  t.deepEqual([code, stdout, stderr], [5, '', '']);
  const report = JSON.parse(extra) as RunReport;
  t.deepEqual(Object.keys(report), ['id', 'granted', 'timings', 'outcome']);
  t.regex(report.id, /^room-/);
  t.is(report.granted.plank.source, plank);
  t.true(report.timings.total > 0);
  t.like(report.outcome, { reason: 'exited', exitCode: 5, signal: null });

  const timedOut = await anchor(shell('echo words >&2; sleep 60', '--json', '--lifetime', '2s'));
  t.is(timedOut.code, 124);
  const [words, line, ...rest] = timedOut.stderr.split('\n');
  t.deepEqual([words, rest], ['words', ['']]);
  t.is((JSON.parse(line!) as RunReport).outcome.reason, 'timed-out');
});

test('--plan prints what would be done', async (t) => {
  const { code, stdout, stderr } = await anchor(shell('echo no', '--plan', '--lifetime', '5s'));
  t.deepEqual([code, stderr], [0, '']);
  const plan = JSON.parse(stdout) as {
    planVersion: number;
    lifetime: number;
    seccomp: { instructions: number };
  };
  t.like(plan, { planVersion: 1, lifetime: 5000, process: { argv: ['sh', '-c', 'echo no'] } });
  t.true(plan.seccomp.instructions > 10);
});

test('--verbose says where the time went', async (t) => {
  const { stdout, stderr } = await anchor(shell('echo out', '--verbose'));
  t.is(stdout, 'out\n');
  t.regex(stderr, /^anchor: room room-\S+ exited \(code 0\)\n/);
  t.regex(stderr, /^ {2}start in all +\S+ (µs|ms|s)$/m);
  t.regex(stderr, /^anchor: used wall /m);
});

for (const signal of ['INT', 'TERM', 'HUP', 'QUIT', 'USR1', 'USR2'] as const) {
  test(`SIG${signal} reaches the program`, async (t) => {
    // The program can speak before we know that it runs, and until then a signal stops the making of the room.
    const wait = 'sleep 0.5; echo ready; while :; do sleep 0.05; done';
    const line = `trap 'echo got ${signal}; exit 40' ${signal}; ${wait}`;
    const started = new StartedCommand(shell(line));
    await started.until('ready\n');
    started.child.kill(`SIG${signal}`);
    const { code, stdout } = await started.ended;
    t.deepEqual({ code, stdout }, { code: 40, stdout: `ready\ngot ${signal}\n` });
  });
}

test('a signal that the program does not handle ends it', async (t) => {
  const started = new StartedCommand(shell('echo ready; exec sleep 60'));
  await started.until('ready\n');
  started.child.kill('SIGTERM');
  t.is((await started.ended).code, 143);
});

test('whoever stops reading ends the program, not us', async (t) => {
  const started = new StartedCommand(['run', plank, 'yes']);
  await started.until('y\n');
  started.child.stdout.destroy();
  const { code, stderr } = await started.ended;
  // SIGPIPE, or EPIPE for a program that looks at what write(2) says.
  t.true(code === 141 || code === 1, String(code));
  t.false(stderr.includes('anchor:'));
});

test('what a vault has, of --vault or ANCHOR_VAULT where something of one is named', async (t) => {
  const directory = await scratch(t);
  const vault = join(directory, 'vault');
  await anchor(['vault', 'init', vault]);
  await writeFile(join(directory, 'm'), 'weights');
  await anchor(['vault', 'put', '--vault', vault, join(directory, 'm'), 'models/m']);
  const mount = ['--mount', 'vault=models/m,at=/m'];
  const env = { ...process.env, ANCHOR_VAULT: vault };
  t.is((await anchor(shell('cat /m', '--vault', vault, ...mount))).stdout, 'weights');
  t.is((await anchor(shell('cat /m', ...mount), { env })).stdout, 'weights');
  const none = await anchor(shell('cat /m', ...mount), { env: { ...env, ANCHOR_VAULT: '' } });
  t.is(none.code, 125);
  t.regex(none.stderr, /mounts\[0\]\.vault: models\/m is something in a vault.*\n {2}hint: .*--vault/);
  t.is((await anchor(shell('echo here'), { env: { ...env, ANCHOR_VAULT: directory } })).stdout, 'here\n');
});

test('what a room leaves for the vault, and what of it is not kept', async (t) => {
  const vault = join(await scratch(t), 'vault');
  await anchor(['vault', 'init', vault]);
  const options = ['--vault', vault, '--mount', 'vault=models,at=/out,access=write,size=4MiB'];
  const line = 'echo weights >/out/m; ln -s m /out/link';
  const { code, stderr } = await anchor(shell(line, ...options));
  t.deepEqual([code, stderr], [0, 'anchor: "link" in /out was not kept: "link" is a symbolic link\n']);
  t.regex(
    (await anchor(shell(line, '--verbose', ...options))).stderr,
    /anchor: kept models\/m@2 \(8 bytes\)/,
  );
  const failed = await anchor(shell(`${line}; exit 1`, '--verbose', ...options));
  t.regex(failed.stderr, /nothing of \/out was kept/);
  const report = JSON.parse((await anchor(shell(line, '--json', ...options))).stderr) as RunReport;
  t.is(report.outcome.dropzones[0]?.kept[0]?.reference, 'models/m@3');
});
