import test from 'ava';
import { lines, until } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

/** A line of bash. */
const bash = (line: string): string[] => ['bash', '-euo', 'pipefail', '-c', line];

test('bash: substitutions, coprocesses, traps, jobs', async (t) => {
  const { stdout, stderr, outcome } = await rooms.anchor.run(
    rooms.spec(
      bash(`
        diff <(seq 3) <(seq 3) && echo same
        coproc { tr a-z A-Z; }; echo coprocess >&"\${COPROC[1]}"; exec {COPROC[1]}>&-; cat <&"\${COPROC[0]}"
        sleep 1000 & kill $!; wait $! || echo "killed by $(($? - 128))"
        (trap 'echo trapped' TERM; kill -TERM $BASHPID)
        cat <<< "here string" | tee /tmp/copy > /dev/null; cat /tmp/copy
        echo {a..c}{1..2}; [[ room =~ ^r(.*)m$ ]] && echo "\${BASH_REMATCH[1]}"`),
    ),
  );
  t.is(outcome.exitCode, 0, stderr);
  t.deepEqual(lines(stdout), [
    'same',
    'COPROCESS',
    'killed by 15',
    'trapped',
    'here string',
    'a1 a2 b1 b2 c1 c2',
    'oo',
  ]);
});

test('bash on a terminal: job control, Ctrl-Z, fg and Ctrl-C', async (t) => {
  const room = await rooms.anchor.spawn(
    rooms.spec(['bash', '--norc', '-i'], {
      stdio: { pty: { columns: 100, rows: 30 } },
      env: { PS1: 'READY> ', TERM: 'xterm' },
    }),
  );
  t.teardown(() => room.destroy());
  let screen = '';
  room.stdout?.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  // What is typed is echoed, so every answer is put together by the shell.
  const type = async (keys: string, answer: string): Promise<void> => {
    screen = '';
    room.stdin?.write(keys);
    await until(() => screen.includes(answer));
  };
  await type('stty size | tr " " x\n', '30x100');
  // One process: a shell that is stopped between vfork and exec of a command waits for ever, in a room or not.
  await type(
    `perl -e '$| = 1; $SIG{CONT} = sub { print "contin", "ued" }; print "star", "ted"; sleep 1 while 1'\n`,
    'started',
  );
  await type('\x1a', 'Stopped');
  await type('jobs | wc -l | sed s/^/jobs=/\n', 'jobs=1');
  await type('fg\n', 'continued');
  await type('\x03', 'READY> ');
  await type('echo status=$?\n', 'status=130');
  room.stdin?.write('exit 7\n');
  t.is((await room.exited).exitCode, 7);
});

test('coreutils, find, tar, gzip, diff, sed, awk, perl', async (t) => {
  const output = await rooms.output(
    t,
    `cd /tmp && mkdir -p tree/deep && seq 1000 > tree/numbers && ln -s numbers tree/link && ln tree/numbers tree/deep/hard
     touch -d 2001-02-03 tree/deep && cp -a tree copy && diff -r tree copy && stat -c %Y copy/deep
     tar -czf tree.tar.gz tree && mkdir out && tar -xzf tree.tar.gz -C out && diff -r tree out/tree && readlink out/tree/link
     find tree -type f -print0 | xargs -0 -P2 -n1 sha256sum | cut -d' ' -f1 | sort -u | wc -l
     awk '{ s += $1 } END { print s }' tree/numbers; sed -n '5p;6q' tree/numbers; shuf tree/numbers | sort -n | tail -1
     mkfifo pipe && { echo through > pipe & cat pipe; }; perl -e 'print join(",", map { $_ ** 2 } 1..4), "\\n"'
     timeout 0.05 sleep 1000 || echo timeout $?; split -n 2 tree/numbers part- && cat part-* | cmp - tree/numbers && echo whole`,
  );
  t.deepEqual(lines(output), [
    String(Date.UTC(2001, 1, 3) / 1000),
    'numbers',
    '1',
    '500500',
    '5',
    '1000',
    'through',
    '1,4,9,16',
    'timeout 124',
    'whole',
  ]);
});

test('ps, top, free and uptime see the room', async (t) => {
  const output = lines(
    await rooms.output(
      t,
      'sleep 1000 & ps -eo comm= > /tmp/list; sort /tmp/list | xargs echo; top -bn1 | sed -n 2p; free -b | awk "/Mem/ { print (\\$2 > 0) }"; uptime',
    ),
  );
  t.is(output[0], 'ps room-init sh sleep');
  t.regex(output[1] ?? '', /^Tasks: +\d total/);
  t.is(output[2], '1');
  t.regex(output[3] ?? '', /load average/);
});

test('root without capabilities cannot give files away: tar and install need CHOWN and FOWNER', async (t) => {
  const line = `cd /tmp && tar -cf a.tar --owner=app --group=app -C /etc hosts && mkdir out
    tar -xf a.tar -C out && install -o app -m 600 /etc/hosts out/installed; stat -c '%U %a %n' out/*`;
  const { stdout, stderr } = await rooms.anchor.run(rooms.shell(line));
  t.regex(stderr, /tar: hosts: Cannot change ownership to uid 1000/);
  t.is(stdout, 'root 644 out/hosts\n');
  const granted = await rooms.output(t, line, { capabilities: ['CHOWN', 'FOWNER'] });
  t.deepEqual(lines(granted), ['app 644 out/hosts', 'app 600 out/installed']);
  const modest = await rooms.output(
    t,
    line.replace('tar -xf', 'tar --no-same-owner -xf').replace('-o app', ''),
  );
  t.deepEqual(lines(modest), ['root 644 out/hosts', 'root 600 out/installed']);
});
