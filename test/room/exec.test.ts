import test, { type ExecutionContext } from 'ava';
import type { ExecOptions, Room, RoomError } from '../../src/index.js';
import { lines, nextText, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function idle(t: ExecutionContext, more = {}): Promise<Room> {
  return rooms.start(t, 'exec sleep 1000', more);
}

async function said(room: Room, line: string, options?: ExecOptions): Promise<string> {
  const process = await room.exec(['sh', '-c', line], options);
  let text = '';
  for await (const chunk of process.stdout ?? []) text += String(chunk);
  return text.trim();
}

test('one more process runs beside the command, in the same room', async (t) => {
  const room = await idle(t);
  await said(room, 'echo shared > /tmp/file');
  t.is(await said(room, 'cat /tmp/file; hostname; ps | grep -c "sleep 1000$"'), 'shared\nroom\n1');
  t.is(room.state, 'running');
});

test('it is as confined as the command', async (t) => {
  const room = await idle(t);
  const fields = 'exec grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp|SigIgn|SigBlk):" /proc/self/status';
  t.deepEqual(lines(await said(room, fields)), lines(await said(room, fields.replace('self', '2'))));
  const namespaces = 'cd /proc/self/ns; for n in mnt pid ipc uts net user cgroup; do readlink $n; done';
  t.is(await said(room, namespaces), await said(room, namespaces.replace('self', '2')));
  t.is(await said(room, 'exec descriptors'), '0\n1\n2');
  t.is(await said(room, 'cat /proc/self/limits'), await said(room, 'cat /proc/2/limits'));
});

test('what the options leave out is as the command has it', async (t) => {
  const room = await idle(t, { env: { A: '1' }, cwd: '/usr', user: 'app' });
  t.is(await said(room, 'pwd; id -u; echo $A'), '/usr\n1000\n1');
});

test('environment, directory, user and capabilities can be its own', async (t) => {
  const room = await idle(t, { env: { A: '1' }, cwd: '/usr', user: 'app', capabilities: ['CHOWN', 'KILL'] });
  const options: ExecOptions = { env: { B: '2' }, cwd: '/tmp', user: 'root', capabilities: ['CHOWN'] };
  t.is(
    await said(room, 'pwd; id -u; echo $A$B; grep CapEff /proc/self/status | cut -f2', options),
    '/tmp\n0\n2\n0000000000000001',
  );
  t.is(await said(room, 'id -u; id -g', { user: '7:8' }), '7\n8');
});

test('it gets no capability that the room was not made with', async (t) => {
  const room = await idle(t, { capabilities: ['CHOWN'] });
  const error = await t.throwsAsync(room.exec(['true'], { capabilities: ['SYS_ADMIN'] }));
  t.is((error as RoomError).step, 'run.capabilities');
});

test('names of users are those of the plank, not of what the room made of them', async (t) => {
  const room = await rooms.start(t, 'echo "app:x:0:0::/:/bin/sh" > /etc/passwd; exec sleep 1000');
  t.is(await said(room, 'id -u', { user: 'app' }), '1000');
});

test('its end is told as that of the room is', async (t) => {
  const room = await idle(t);
  const codes = await Promise.all(
    [0, 1, 42, 255].map(
      async (code) => (await (await room.exec(['sh', '-c', `exit ${code}`])).exited).exitCode,
    ),
  );
  t.deepEqual(codes, [0, 1, 42, 255]);
  const killed = await room.exec(['sh', '-c', 'kill -9 $$']);
  const outcome = await killed.exited;
  t.deepEqual([outcome.reason, outcome.signal], ['signaled', 'SIGKILL']);
  t.true(outcome.usage.wall > 0);
});

test('it can be killed without the room', async (t) => {
  const room = await idle(t);
  const process = await room.exec(['sleep', '1000']);
  t.true(process.kill());
  t.is((await process.exited).signal, 'SIGTERM');
  t.false(process.kill());
  t.is(room.state, 'running');
});

test('it has streams of its own', async (t) => {
  const room = await idle(t);
  const process = await room.exec(['sh', '-c', 'cat; echo err >&2']);
  process.stdin?.end('in\n');
  t.is(await nextText(process.stdout), 'in\n');
  t.is(await nextText(process.stderr), 'err\n');
});

test('it can have a terminal of its own', async (t) => {
  const room = await idle(t);
  const process = await room.exec(['sh', '-c', 'tty; stty size; read line; stty size'], {
    stdio: { pty: { columns: 100, rows: 40 } },
  });
  let shown = '';
  process.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await until(() => shown.includes('40 100'));
  process.pty?.resize(90, 30);
  process.stdin?.write('\r');
  await process.exited;
  await until(() => shown.includes('30 90'));
  t.regex(shown, /^\/dev\/pts\/0\r\n/);
});

test('a program that is not there is named', async (t) => {
  const room = await rooms.start(
    t,
    'printf "#!/no/such/interpreter\\n" > /tmp/script; chmod +x /tmp/script; echo ready; exec sleep 1000',
  );
  await nextText(room.stdout);
  const missing = await t.throwsAsync(room.exec(['no-such-program']));
  t.is((missing as RoomError).code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  const script = await t.throwsAsync(room.exec(['/tmp/script']));
  t.is((script as RoomError).code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex((script as RoomError).hint ?? '', /\/no\/such\/interpreter/);
  const cwd = await t.throwsAsync(room.exec(['true'], { cwd: '/nowhere' }));
  t.is((cwd as RoomError).code, 'ERR_ROOM_CWD');
  t.is(room.state, 'running');
});

test('options that make no sense are refused before anything happens', async (t) => {
  const room = await idle(t);
  await t.throwsAsync(room.exec([]), { instanceOf: RangeError });
  await t.throwsAsync(room.exec(['true'], { cwd: 'relative' }), { instanceOf: RangeError });
  await t.throwsAsync(room.exec(['true'], { unknown: 1 } as ExecOptions), { instanceOf: TypeError });
  await t.throwsAsync(room.exec(['a\0b']), { instanceOf: RangeError });
});

test('a room that has ended takes no more of them', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  await t.throwsAsync(room.exec(['true']), { code: 'ERR_ROOM_ENDED' });
});

test('the end of the room is the end of them all', async (t) => {
  const room = await idle(t);
  const processes = await Promise.all([1, 2, 3].map(() => room.exec(['sleep', '1000'])));
  await room.destroy();
  const reasons = await Promise.all(processes.map(async (process) => (await process.exited).reason));
  t.deepEqual(reasons, ['destroyed', 'destroyed', 'destroyed']);
});

test('the end of the command is the end of them all', async (t) => {
  const room = await rooms.start(t, 'read line; exit 3');
  const process = await room.exec(['sleep', '1000']);
  room.stdin?.end('\n');
  t.is((await room.exited).exitCode, 3);
  t.is((await process.exited).signal, 'SIGKILL');
});

test('fifty at once all come back with what they said', async (t) => {
  const room = await idle(t);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => said(room, `echo ${at}`)));
  t.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, at) => String(at)),
  );
});

test('three hundred at once either run or say why not, and the room lives on', async (t) => {
  const room = await idle(t);
  const ends = await Promise.allSettled(
    Array.from({ length: 300 }, async () => (await (await room.exec(['true'])).exited).exitCode),
  );
  const reasons = ends.map((end) =>
    end.status === 'fulfilled' ? end.value : (end.reason as RoomError).code,
  );
  t.deepEqual([...new Set(reasons)], [0]);
  t.is(await said(room, 'echo alive'), 'alive');
});

test('aborting it ends it alone', async (t) => {
  const room = await idle(t);
  const controller = new AbortController();
  const process = await room.exec(['sleep', '1000'], { signal: controller.signal });
  controller.abort();
  t.is((await process.exited).reason, 'aborted');
  const reason = new Error('before');
  t.is(
    await room.exec(['true'], { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error),
    reason,
  );
  t.is(room.state, 'running');
});

test('a process that is started by it and outlives it is told to nobody, and ends with the room', async (t) => {
  const room = await idle(t);
  t.is(await said(room, 'sleep 1000 >/dev/null 2>&1 & echo left'), 'left');
  t.is(await said(room, 'ps | grep -c "sleep 1000$"'), '2');
});
