import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RoomError, RoomSpec } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function refusal(t: ExecutionContext, spec: RoomSpec): Promise<RoomError> {
  const before = rooms.anchor.rooms.size;
  const error = await t.throwsAsync(rooms.anchor.spawn(spec));
  t.true(rooms.anchor.rooms.size <= before + 1);
  return error as RoomError;
}

/** A directory of the host with programs that are no programs, mounted at /programs. */
async function programs(): Promise<string> {
  const directory = join(rooms.directory, 'programs');
  await mkdir(join(directory, 'directory'), { recursive: true });
  const elf = Buffer.alloc(4096);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  elf.writeUInt16LE(2, 16); // ET_EXEC
  elf.writeUInt16LE(62, 18); // EM_X86_64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(0x400078n, 24);
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(3, 64); // PT_INTERP
  elf.writeBigUInt64LE(256n, 72);
  elf.writeBigUInt64LE(20n, 96);
  elf.write('/lib64/no-loader.so\0', 256);
  const contents = {
    script: '#!/no/such/interpreter -x\n',
    windows: '#!/bin/sh\r\necho\r\n',
    loader: elf,
    data: 'neither a script nor a program\n',
    empty: '',
    plain: '#!/bin/sh\n',
  };
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(directory, name), content);
    await chmod(join(directory, name), name === 'plain' ? 0o644 : 0o755);
  }
  return directory;
}

const at = async (...command: string[]): Promise<RoomSpec> =>
  rooms.spec(command, { mounts: [{ host: await programs(), at: '/programs' }] });

test.serial('a program that is not in PATH', async (t) => {
  const error = await refusal(t, rooms.spec(['no-such-program']));
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.is(error.path, 'no-such-program');
  t.regex(error.hint ?? '', /PATH: \/usr\/local\/sbin/);
});

test.serial('a path that is not there', async (t) => {
  const error = await refusal(t, rooms.spec(['/no/such/program']));
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(error.hint ?? '', /no such file/i);
});

test.serial('a script whose interpreter is not there', async (t) => {
  const error = await refusal(t, await at('/programs/script'));
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(error.hint ?? '', /"\/no\/such\/interpreter", does not/);
});

test.serial('a script with the line ends of Windows', async (t) => {
  const error = await refusal(t, await at('/programs/windows'));
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(error.hint ?? '', /Windows/);
});

test.serial('a program whose ELF loader is not there', async (t) => {
  const error = await refusal(t, await at('/programs/loader'));
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(error.hint ?? '', /\/lib64\/no-loader\.so/);
});

for (const [name, code] of [
  ['plain', 'EACCES'],
  ['directory', 'EACCES'],
  ['data', 'ENOEXEC'],
  ['empty', 'ENOEXEC'],
] as const)
  test.serial(`a file that cannot be executed: ${name}`, async (t) => {
    const error = await refusal(t, await at(`/programs/${name}`));
    t.is(error.code, 'ERR_ROOM_COMMAND_NOT_EXECUTABLE');
    t.is(error.errno, code === 'EACCES' ? -13 : -8);
    t.is(error.path, `/programs/${name}`);
  });

test.serial('a program in a mount with noExec', async (t) => {
  const error = await refusal(
    t,
    rooms.spec(['/programs/script'], { mounts: [{ host: await programs(), at: '/programs', noExec: true }] }),
  );
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_EXECUTABLE');
});

test.serial('arguments and environment that are longer than the kernel takes', async (t) => {
  const command = ['true', ...Array.from({ length: 40 }, () => 'x'.repeat(100_000))];
  const error = await refusal(t, rooms.spec(command, { rlimits: { stack: 8 * 1024 * 1024 } }));
  t.is(error.code, 'ERR_ROOM_COMMAND_TOO_LONG');
});

test.serial('ten thousand arguments, and an environment of a mebibyte, are not too long', async (t) => {
  const args = Array.from({ length: 10_000 }, (_, index) => String(index));
  const { stdout } = await rooms.anchor.run(
    rooms.spec(['sh', '-c', 'echo $# ${10000}; env | wc -c', 'sh', ...args], {
      env: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`V${index}`, 'y'.repeat(65_536)])),
    }),
  );
  const [counts, bytes] = stdout.split('\n');
  t.is(counts, '10000 9999');
  t.true(Number(bytes) > 1024 * 1024);
});

for (const cwd of ['/nowhere', '/etc/passwd', '/proc/self/fd/3', '/proc/self/fd/9'])
  test.serial(`a working directory that is none: ${cwd}`, async (t) => {
    const error = await refusal(t, rooms.shell('pwd', { cwd }));
    t.is(error.code, 'ERR_ROOM_CWD');
    t.is(error.path, cwd);
  });

test.serial('a working directory that the user may not enter', async (t) => {
  const mounts = [{ tmpfs: '1MiB', at: '/closed', mode: 0o700 }];
  const error = await refusal(t, rooms.shell('pwd', { cwd: '/closed', user: 'app', mounts }));
  t.is(error.code, 'ERR_ROOM_CWD');
  t.is(error.errno, -13);
});

test.serial('arguments arrive as they are, whatever they are made of', async (t) => {
  const strange = [
    '',
    ' ',
    '\n',
    '"',
    "'",
    '$HOME',
    '*',
    '\\',
    '\t\r',
    'é€😀',
    '-x',
    '--',
    '`id`',
    '\u0001\u007f',
  ];
  const { stdout } = await rooms.anchor.run(
    rooms.spec(['sh', '-c', 'for a in "$@"; do printf "%s\\0" "$a"; done', 'sh', ...strange]),
  );
  t.deepEqual(stdout.split('\0').slice(0, -1), strange);
});
