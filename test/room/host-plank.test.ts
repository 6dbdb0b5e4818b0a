import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const host = (line: string, more: Partial<RoomSpec> = {}): RoomSpec => ({
  plank: 'host',
  command: ['/bin/sh', '-c', line],
  ...more,
});

async function said(line: string, more: Partial<RoomSpec> = {}): Promise<string> {
  const { stdout, stderr, outcome } = await rooms.anchor.run(host(line, more));
  if (outcome.exitCode !== 0) throw new Error(`${line}: ${outcome.reason} ${outcome.exitCode} ${stderr}`);
  return stdout.trimEnd();
}

test('programs of the host run, and there is no image', async (t) => {
  const { stdout, room } = await rooms.anchor.run(host('echo hello'));
  t.is(stdout, 'hello\n');
  t.like(room.granted.plank, { source: 'host', format: 'host', attach: 'tree' });
});

test('programs that are linked dynamically find their loader and libraries', async (t) => {
  // The Node that runs this need not be one of the host's own programs.
  const program = process.execPath.startsWith('/usr/')
    ? `${process.execPath} -p 6*7`
    : "/usr/bin/expr 6 '*' 7";
  t.is(await said(program, { limits: { disk: '64MiB' } }), '42');
});

test('the root has what programs expect, and nothing of the host but its programs', async (t) => {
  const names = lines(await said('ls -A /'));
  for (const name of names)
    t.true(/^(bin|sbin|lib|lib32|lib64|libx32|usr|dev|etc|home|proc|root|run|sys|tmp|var)$/.test(name), name);
  t.is(await said('ls -A /home /root /run /tmp | grep -v : | grep .; true'), '');
  t.is(await said(`cat ${rooms.plank} 2>/dev/null || echo nothing`), 'nothing');
});

test('/etc is made up: no user, name or key of the host is in it', async (t) => {
  const names = lines(await said('ls /etc'));
  t.deepEqual(
    names.filter((name) => /shadow|ssh|machine-id|hostname|fstab|environment/.test(name)),
    [],
  );
  t.deepEqual(lines(await said('cut -d: -f1 /etc/passwd')), ['root', 'nobody']);
  t.notRegex(await said('cat /etc/hosts'), new RegExp(`\\b${hostname()}\\b`));
  if (existsSync('/etc/resolv.conf')) t.is(await said('cat /etc/resolv.conf'), '');
});

test('/usr is that of the host, and read-only', async (t) => {
  const expected = readdirSync('/usr').sort().join('\n');
  t.is(await said('ls -A /usr | sort'), lines(expected).sort().join('\n'));
  const before = statSync('/usr').mtimeMs;
  t.is(await said('touch /usr/new /usr/bin/new 2>/dev/null || echo refused'), 'refused');
  t.is(statSync('/usr').mtimeMs, before);
});

test('the rest can be written and is gone with the room', async (t) => {
  t.is(await said('echo x > /var/tmp/new && echo y > /tmp/new && cat /var/tmp/new /tmp/new'), 'x\ny');
  const { stdout, room } = await rooms.anchor.run(host('echo x > /etc/new && cat /etc/new'));
  t.is(
    stdout,
    room.granted.plank.idmap ? 'x\n' : '',
    'where its files belong to nobody, only the open directories',
  );
  t.is(await said('ls /etc/new /tmp/new 2>/dev/null; true'), '');
});

test('set-user-id programs of the host give nobody more rights', async (t) => {
  const output = await said('for p in $(find /usr/bin -perm -4000 2>/dev/null); do echo $p; done; id -u', {
    user: 1000,
  });
  t.is(lines(output).at(-1), '1000');
  t.is(await said('su -c "id -u" 2>/dev/null || echo refused', { user: 1000 }), 'refused');
});

test('users are root and nobody by name, everybody by number', async (t) => {
  t.is(await said('id -u', { user: 'nobody' }), '65534');
  t.is(await said('id -u; id -g', { user: 4711 }), '4711\n4711');
  await t.throwsAsync(rooms.anchor.spawn(host('true', { user: 'daemon' })), {
    code: 'ERR_ROOM_USER_NOT_FOUND',
  });
});

test('files of the host that are not for everybody cannot be read', async (t) => {
  t.true(readFileSync('/proc/self/status', 'utf8').length > 0);
  const secret = lines(await said('find /usr -xdev ! -perm -004 -type f 2>/dev/null | head -5; true'));
  for (const path of secret) t.is(await said(`cat ${path} >/dev/null 2>&1 && echo read; true`), '', path);
});

test('what is missing is named there as well', async (t) => {
  const error = await t.throwsAsync(rooms.anchor.spawn({ plank: 'host', command: ['no-such-program'] }));
  t.is((error as NodeJS.ErrnoException).code, 'ERR_ROOM_COMMAND_NOT_FOUND');
});
