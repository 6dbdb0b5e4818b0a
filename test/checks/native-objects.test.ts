import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'ava';
import { filesBelow, text } from './files.js';
import { readdirSync } from 'node:fs';

// node-gyp puts the objects of a target below its name.
const folder = 'build/Release/obj.target/child/native/child';

function symbols(kind: '--undefined-only' | '--defined-only', objects: readonly string[]): Set<string> {
  const lines = execFileSync('nm', ['--format=just-symbols', kind, ...objects], { encoding: 'utf8' }).split(
    '\n',
  );
  return new Set(lines.map((line) => line.trim()).filter((line) => line !== '' && !line.endsWith(':')));
}

test('what runs between clone and execve links against nothing that allocates or locks', (t) => {
  t.true(existsSync(folder), 'the addon is not built');
  const objects = readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .map((name) => `${folder}/${name}`);
  t.true(objects.length > 0);
  const allowed = text('test/checks/child-symbols.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const own = symbols('--defined-only', objects);
  const foreign = [...symbols('--undefined-only', objects)].filter(
    (name) => !own.has(name) && !allowed.includes(name),
  );
  t.deepEqual(foreign, []);
});

test('every native source is in native/sources.gypi, and every entry exists', (t) => {
  const { variables } = JSON.parse(text('native/sources.gypi')) as { variables: Record<string, string[]> };
  const listed = Object.entries(variables)
    .filter(([name]) => name.endsWith('_sources'))
    .flatMap(([, files]) => files);
  const present = filesBelow('native').filter((file) => file.endsWith('.cc'));
  t.deepEqual([...new Set(listed.filter((file) => file.endsWith('.cc')))].sort(), present);
  t.deepEqual(
    listed.filter((file) => !existsSync(file)),
    [],
  );
  t.true(variables['child_sources']!.every((file) => file.startsWith('native/child/')));
});

test('the addon needs no library that a distribution may lack', (t) => {
  const headers = execFileSync('objdump', ['-p', 'build/Release/anchor_rooms.node'], { encoding: 'utf8' });
  const needed = [...headers.matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]!);
  const expected = ['libc.so.6', 'libm.so.6', 'libpthread.so.0', 'ld-linux-x86-64.so.2'];
  t.deepEqual(
    needed.filter((name) => !expected.includes(name)),
    [],
  );
});

test('room-init is static', (t) => {
  const headers = execFileSync('readelf', ['--program-headers', '--wide', 'build/Release/room-init'], {
    encoding: 'utf8',
  });
  t.notRegex(headers, /INTERP|DYNAMIC/);
});
