import test, { type ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, mkdtempSync, promises as fs, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staysWithin } from '../../../src/room/copy.js';
import { RoomFiles } from '../../../src/room/files.js';

// The kernel's resolution below a root is tested with real rooms. Here a directory stands in for the room, so that what
// is done with open descriptors can be tested without privileges.

interface Place {
  readonly root: string;
  readonly outside: string;
  readonly files: RoomFiles;
}

function place(t: ExecutionContext): Place {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-files-'));
  t.teardown(() => fs.rm(directory, { recursive: true, force: true }));
  const root = join(directory, 'room');
  const outside = join(directory, 'host');
  mkdirSync(root);
  mkdirSync(outside);
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const open = async (path: string, flags: number, mode: number): Promise<number> => {
    const handle = await fs.open(join(root, path), flags | constants.O_NONBLOCK, mode);
    handles.push(handle);
    return handle.fd;
  };
  return { root, outside, files: new RoomFiles({ open, owner: { uid, gid }, firstId: uid, ids: 1 }) };
}

/** A FileHandle that is collected closes its fd, which is somebody else's by then. */
const handles: fs.FileHandle[] = [];

test('what was written is read', async (t) => {
  const { files } = place(t);
  await files.write('/a/b/c.txt', 'one', { parents: true });
  await files.write('/a/b/c.txt', ' two', { append: true });
  t.is(await files.read('/a/b/c.txt', { encoding: 'utf8' }), 'one two');
  await files.write('/a/b/c.txt', Buffer.from('x'));
  t.deepEqual(await files.read('/a/b/c.txt'), Buffer.from('x'));
  t.deepEqual(await files.list('/a/b'), [{ name: 'c.txt', kind: 'file' }]);
  t.like(await files.stat('/a/b/c.txt'), { kind: 'file', size: 1, mode: 0o644, uid: 0 });
});

test('chunks are written as they come', async (t) => {
  const { files, root } = place(t);
  await files.write('/log', ticks(), { mode: 0o600 });
  t.is(readFileSync(join(root, 'log'), 'utf8'), '012');
  t.is((await files.stat('/log')).mode, 0o600);
});

async function* ticks(): AsyncGenerator<string> {
  for (let i = 0; i < 3; i++) yield String(i);
}

test('the umask has no say', async (t) => {
  const { files } = place(t);
  await files.makeDirectory('/open', { mode: 0o777 });
  t.is((await files.stat('/open')).mode, 0o777);
});

test('a FIFO is refused without waiting for its other end', async (t) => {
  const { files, root } = place(t);
  execFileSync('mkfifo', [join(root, 'pipe')]);
  await t.throwsAsync(files.read('/pipe'), {
    code: 'ERR_ROOM_FILE',
    message: /is a fifo, not a regular file/,
  });
  await t.throwsAsync(files.write('/pipe', 'x'), { code: 'ERR_ROOM_FILE' });
  t.is((await files.stat('/pipe')).kind, 'fifo');
});

test('directories and devices are no files', async (t) => {
  const { files, root } = place(t);
  mkdirSync(join(root, 'd'));
  symlinkSync('/dev/zero', join(root, 'zero'));
  await t.throwsAsync(files.read('/d'), { code: 'ERR_ROOM_FILE', message: /is a directory/ });
  await t.throwsAsync(files.read('/zero'), { code: 'ERR_ROOM_FILE', message: /is a device/ });
  t.is((await files.stat('/zero')).kind, 'link');
});

test('a file larger than the limit is refused, whatever size it claims', async (t) => {
  const { files } = place(t);
  await files.write('/big', Buffer.alloc(1000));
  await t.throwsAsync(files.read('/big', { maxBytes: 999 }), {
    code: 'ERR_ROOM_FILE',
    message: /more than 999 bytes/,
  });
  t.is((await files.read('/big', { maxBytes: 1000 })).length, 1000);
});

test('failures keep what the kernel said', async (t) => {
  const { files } = place(t);
  const error = await t.throwsAsync(files.read('/nope'), { code: 'ERR_ROOM_FILE' });
  t.like(error, { errno: -2, syscall: 'open', path: '/nope' });
  await files.write('/x', '', { exclusive: true });
  await t.throwsAsync(files.write('/x', '', { exclusive: true }), { code: 'ERR_ROOM_FILE' });
});

test('paths are absolute', async (t) => {
  const { files } = place(t);
  await t.throwsAsync(files.read('etc/passwd'), { instanceOf: RangeError });
  await t.throwsAsync(files.read('/a\0b'), { instanceOf: RangeError });
  await t.throwsAsync(files.read(5 as never), { instanceOf: TypeError });
});

test('trees are removed without following links', async (t) => {
  const { files, root, outside } = place(t);
  writeFileSync(join(outside, 'keep'), '');
  mkdirSync(join(root, 'd/e'), { recursive: true });
  symlinkSync(outside, join(root, 'd/e/link'));
  await t.throwsAsync(files.remove('/d'), { code: 'ERR_ROOM_FILE', message: /ENOTEMPTY/ });
  await files.remove('/d', { recursive: true });
  t.deepEqual(await files.list('/'), []);
  t.is(readFileSync(join(outside, 'keep'), 'utf8'), '');
  await t.throwsAsync(files.remove('/', { recursive: true }), { code: 'ERR_ROOM_FILE' });
});

test('a tree is copied in', async (t) => {
  const { files, root, outside } = place(t);
  mkdirSync(join(outside, 'src/lib'), { recursive: true });
  writeFileSync(join(outside, 'src/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(outside, 'src/lib/data'), 'data');
  symlinkSync('/etc/passwd', join(outside, 'src/link'));
  execFileSync('mkfifo', [join(outside, 'src/pipe')]);
  const summary = await files.copyIn(join(outside, 'src'), '/app');
  t.deepEqual(summary, {
    files: 2,
    directories: 2,
    links: 1,
    bytes: 14,
    skipped: [{ path: 'pipe', kind: 'fifo' }],
  });
  t.is(readFileSync(join(root, 'app/lib/data'), 'utf8'), 'data');
  t.is(readlinkSync(join(root, 'app/link')), '/etc/passwd', 'a link in a room means what the room has there');
  t.is((await files.stat('/app/run.sh')).mode, 0o755);
  await t.throwsAsync(files.copyIn(join(outside, 'src'), '/app'), {
    code: 'ERR_ROOM_FILE',
    message: /EEXIST/,
  });
});

test('a tree is copied out; links that lead out stay behind', async (t) => {
  const { files, root, outside } = place(t);
  mkdirSync(join(root, 'out/deep'), { recursive: true });
  writeFileSync(join(root, 'out/deep/result'), 'gold', { mode: 0o4755 });
  symlinkSync('deep/result', join(root, 'out/inside'));
  symlinkSync('../../../etc/shadow', join(root, 'out/deep/escape'));
  symlinkSync('/etc/shadow', join(root, 'out/absolute'));
  const summary = await files.copyOut('/out', join(outside, 'copy'));
  t.like(summary, { files: 1, directories: 2, links: 1, bytes: 4 });
  t.deepEqual(summary.skipped.map(({ path }) => path).sort(), ['absolute', 'deep/escape']); // prettier-ignore
  t.is(readFileSync(join(outside, 'copy/inside'), 'utf8'), 'gold');
  t.is((await fs.stat(join(outside, 'copy/deep/result'))).mode & 0o7000, 0, 'no set-id bits');
});

test('a single file is copied, and replaced only when that was asked for', async (t) => {
  const { files, outside } = place(t);
  await files.write('/result', 'new');
  writeFileSync(join(outside, 'result'), 'old and longer');
  await t.throwsAsync(files.copyOut('/result', join(outside, 'result')), {
    code: 'ERR_ROOM_FILE',
    message: /EEXIST/,
  });
  await files.copyOut('/result', join(outside, 'result'), { overwrite: true });
  t.is(readFileSync(join(outside, 'result'), 'utf8'), 'new');
});

test('a link at the destination is not written through', async (t) => {
  const { files, outside } = place(t);
  await files.write('/result', 'new');
  writeFileSync(join(outside, 'victim'), 'precious');
  symlinkSync('victim', join(outside, 'result'));
  const copy = files.copyOut('/result', join(outside, 'result'), { overwrite: true });
  await t.throwsAsync(copy, { code: 'ERR_ROOM_FILE', message: /ELOOP/ });
  t.is(readFileSync(join(outside, 'victim'), 'utf8'), 'precious');
});

test('copies have bounds', async (t) => {
  const { files, outside } = place(t);
  for (const name of ['a', 'b', 'c']) await files.write(`/d/${name}`, '12345', { parents: true });
  const to = (name: string) => join(outside, name);
  await t.throwsAsync(files.copyOut('/d', to('1'), { maxBytes: 14 }), {
    code: 'ERR_ROOM_FILE',
    message: /bytes/,
  });
  await t.throwsAsync(files.copyOut('/d', to('2'), { maxEntries: 3 }), {
    code: 'ERR_ROOM_FILE',
    message: /entries/,
  });
  const reason = new Error('stop');
  await t.throwsAsync(files.copyOut('/d', to('3'), { signal: AbortSignal.abort(reason) }), { is: reason });
  t.is((await files.copyOut('/d', to('4'), { maxBytes: 15, maxEntries: 4 })).bytes, 15);
});

test('a name need not be UTF-8', async (t) => {
  const { files, root, outside } = place(t);
  mkdirSync(join(root, 'd'));
  await fs.writeFile(Buffer.concat([Buffer.from(`${root}/d/`), Buffer.from([0xff, 0xfe])]), 'bytes');
  await files.copyOut('/d', join(outside, 'd'));
  const names = await fs.readdir(join(outside, 'd'), { encoding: 'buffer' });
  t.deepEqual(names, [Buffer.from([0xff, 0xfe])]);
});

const links: readonly (readonly [to: string, depth: number, within: boolean])[] = [
  ['file', 1, true],
  ['./file', 1, true],
  ['deep/er', 1, true],
  ['../up', 2, true],
  ['..', 2, true],
  ['..', 1, false],
  ['../../up', 2, false],
  ['down/../x', 3, false],
  ['/etc/passwd', 9, false],
  ['', 1, false],
];

for (const [to, depth, within] of links) {
  test(`a link to '${to}' at depth ${depth} ${within ? 'stays' : 'leads out'}`, (t) => {
    t.is(staysWithin(Buffer.from(to), depth), within);
  });
}
