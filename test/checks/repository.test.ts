import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { filesBelow, text } from './files.js';

const all = filesBelow('');

test('no source file is longer than 400 lines', (t) => {
  const sources = all.filter(
    (file) => /\.(ts|mts|js|mjs|cc|h|c|sh)$/.test(file) && !file.startsWith('native/third_party/'),
  );
  t.deepEqual(
    sources.filter((file) => text(file).split('\n').length > 401),
    [],
  );
});

test('no file names a package registry or a mirror', (t) => {
  // Put together here, so that this file does not name one.
  const hosts = new RegExp(
    `https?://[\\w.-]*(${['npmjs', 'npmmirror', 'yarnpkg', 'debian', 'ubuntu', 'pypi'].join('|')})\\.\\w+`,
  );
  const texts = all.filter(
    (file) => !/\.(png|sqsh|erofs|bin|node|gz|tgz)$/.test(file) && statSync(file).size < 4 << 20,
  );
  t.deepEqual(
    texts.filter(
      (file) =>
        hosts.test(text(file)) || (file === 'package-lock.json' && text(file).includes('"resolved": "http')),
    ),
    [],
  );
});

test('everything that is published exists', (t) => {
  const { files, bin } = JSON.parse(text('package.json')) as { files: string[]; bin: Record<string, string> };
  // Made by prepack; test/package looks into the tarball itself.
  const built = /^(dist|prebuilds)(\/|$)/;
  t.deepEqual(
    files.filter((name) => !name.startsWith('!') && !built.test(name) && !existsSync(name)),
    [],
  );
  t.false(files.includes('binding.gyp'), 'npm would take it for an install script');
  for (const file of Object.values(bin)) {
    t.true(existsSync(file.replace(/^dist/, 'src').replace(/\.js$/, '.ts')), file);
  }
});

test('relative links in documents lead somewhere', (t) => {
  const broken = all
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...text(file).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
        .map((match) => match[1]!)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(file), target)))
        .map((target) => `${file} -> ${target}`),
    );
  t.deepEqual(broken, []);
});

test('every decision has a number of its own', (t) => {
  const numbers = all.filter((file) => file.startsWith('docs/decisions/')).map((file) => file.slice(15, 18));
  t.true(numbers.every((number) => /^\d{3}$/.test(number)));
  t.is(new Set(numbers).size, numbers.length);
});
