import test from 'ava';
import { ResultRelay } from './results.js';

function relay(): { relay: ResultRelay; lines: string[] } {
  const lines: string[] = [];
  return { relay: new ResultRelay('guest › ', (line) => lines.push(line)), lines };
}

test('results keep their names, get a prefix and are counted on', (t) => {
  const { relay: r, lines } = relay();
  r.add(true, 'first');
  r.feed(
    'TAP version 13\nok 1 - one\nnot ok 2 - two\n  ---\n    why\n  ...\nok 3 - three # SKIP\n1..3\n# tests 3\n# pass 1\n',
  );
  t.deepEqual(lines, [
    'ok 1 - guest › first',
    'ok 2 - guest › one',
    'not ok 3 - guest › two',
    '  ---',
    '    why',
    '  ...',
    'ok 4 - guest › three # SKIP',
  ]);
  t.deepEqual(r.tally, { passed: 2, failed: 1, skipped: 1 });
});

test('a line may come in pieces and with carriage returns', (t) => {
  const { relay: r, lines } = relay();
  for (const piece of ['ok 1 ', '- in pie', 'ces\r\nok 2 - next\r', '\nanchor-guest: e', 'nd 0\n'])
    r.feed(piece);
  t.deepEqual(lines, ['ok 1 - guest › in pieces', 'ok 2 - guest › next']);
  t.is(r.exitStatus, 0);
  t.true(r.good);
});

test('a guest has begun when it is up, or has said anything', (t) => {
  for (const [said, begun] of [
    ['', false],
    ['[ 0.1] Oops\n', false],
    ['anchor-guest: up 2.5\n', true],
    ['ok 1 - one\n', true],
  ] as const) {
    // prettier-ignore
    const { relay: r } = relay();
    r.feed(said);
    t.is(r.begun, begun, said);
  }
});

test('nothing is good without an end marker that says 0', (t) => {
  for (const end of ['', 'anchor-guest: end 1\n', 'anchor-guest: end \n', 'anchor-guest: end 0']) {
    const { relay: r } = relay();
    r.feed(`ok 1 - one\n${end}`);
    t.false(r.good, JSON.stringify(end));
  }
});

test('nothing is good when no test ran or one failed', (t) => {
  for (const results of ['', 'not ok 1 - one\n', 'ok 1 - one # SKIP\n', 'ok 1 - one\nnot ok 2 - two\n']) {
    const { relay: r } = relay();
    r.feed(`${results}anchor-guest: end 0\n`);
    t.false(r.good, JSON.stringify(results));
  }
});

test('what the suites leave behind is a failed test', (t) => {
  const { relay: r, lines } = relay();
  r.feed('ok 1 - one\nanchor-guest: left loop device /dev/loop0\nanchor-guest: end 0\n');
  t.is(lines[1], 'not ok 2 - guest › the suites left loop device /dev/loop0');
  t.false(r.good);
});

test('a skip has its reason in a comment, so that its title never changes', (t) => {
  const { relay: r, lines } = relay();
  r.skip('the guest can be made', 'no qemu');
  t.deepEqual(lines, ['ok 1 - guest › the guest can be made # SKIP', '# no qemu']);
});
