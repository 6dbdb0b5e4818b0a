import test from 'ava';
import { NixLog, plain, type FlakeProgress } from '../../src/flake/nix-log.js';

// As Nix 2.8 wrote them, with shorter paths.
const drv = '/nix/store/gdhizbgqa925vrbnn8hpngcf945l2xd2-busybox.drv';
const lines = [
  '@nix {"action":"start","id":58,"level":0,"text":"","type":104}',
  '@nix {"action":"result","fields":[1,4,0,0],"id":58,"type":105}',
  `@nix {"action":"start","fields":["${drv}","",1,1],"id":61,"level":3,"text":"building","type":105}`,
  '@nix {"action":"result","fields":["\\u001b[31moops\\u001b[0m"],"id":61,"type":101}',
  '@nix {"action":"start","fields":["https://example.org/x.tar.gz"],"id":62,"level":4,"text":"downloading","type":101}',
  'something else',
  `@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"x","raw_msg":"builder for '\\u001b[35;1m${drv}\\u001b[0m' failed"}`,
  '@nix {"action":"msg","column":3,"file":"/a/flake.nix","level":0,"line":12,"msg":"y","raw_msg":"syntax error"}',
  '@nix {"action":"msg","level":0,"msg":"(use \'--show-trace\' to show detailed location information)"}',
  '@nix {"action":"msg","level":1,"msg":"warning: hm"}',
  '@nix {not json',
];

for (const size of [1, 7, 100_000])
  test(`the log in pieces of ${size}`, (t) => {
    const progress: FlakeProgress[] = [];
    const log = new NixLog((each) => progress.push(each));
    const text = lines.join('\n');
    for (let at = 0; at < text.length; at += size) log.feed(text.slice(at, at + size));
    log.end();
    t.deepEqual(progress, [
      { type: 'build', derivation: drv, done: 1, expected: 4 },
      { type: 'log', derivation: drv, line: 'oops' },
      { type: 'fetch', what: 'https://example.org/x.tar.gz' },
    ]);
    t.deepEqual(log.errors, [
      { text: `builder for '${drv}' failed`, file: null, line: null },
      { text: 'syntax error', file: '/a/flake.nix', line: 12 },
    ]);
    t.deepEqual(log.tailOf(drv), ['oops']);
    t.deepEqual(log.other, ['something else', '@nix {not json']);
  });

test('the end of a long log is kept', (t) => {
  const log = new NixLog(() => undefined);
  log.feed(`${lines[2]!}\n`);
  for (let at = 0; at < 500; at += 1)
    log.feed(`@nix {"action":"result","fields":["line ${at}"],"id":61,"type":101}\n`);
  t.is(log.tailOf(drv).length, 60);
  t.is(log.tailOf(drv).at(-1), 'line 499');
});

test('what a terminal would obey is taken out', (t) => {
  t.is(plain('\u001b]0;title\u0007a\u001b[2Jb\rc\td\u009b5m'), ']0;titleabc\td5m');
});
