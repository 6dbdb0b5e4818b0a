import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';

interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  readonly line: (text: string) => void;
  readonly end: (status: number | string) => void;
}

type Format = 'tap' | 'ctest' | 'exit';
type Reports = Record<Format, new (show: (line: string) => void) => Report>;

const { reports } = (await import(pathToFileURL(resolve('scripts/report.mjs')).href)) as { reports: Reports };

function read(format: Format, status: number | string, lines: readonly string[]) {
  const shown: string[] = [];
  const report = new reports[format]((line) => shown.push(line));
  lines.forEach((line) => report.line(line));
  report.end(status);
  return { passed: report.passed, failed: report.failed, skipped: report.skipped, shown };
}

const tap = ['TAP version 13', 'ok 1 - a › one', 'ok 2 - a › two # SKIP', 'not ok 3 - a › three # TODO'];

test('TAP: passed, skipped and planned tests are told apart', (t) => {
  t.deepEqual(read('tap', 0, [...tap, '', '1..3']), {
    passed: 1,
    failed: 0,
    skipped: ['a › two', 'a › three'],
    shown: [],
  });
});

test('TAP: a failure is shown with what follows it, and counts once', (t) => {
  const result = read('tap', 1, [
    ...tap,
    'not ok 4 - a › four',
    '  ---',
    '    name: AssertionError',
    '  ...',
    '1..4',
  ]);
  t.is(result.failed, 1);
  t.deepEqual(result.shown, ['not ok - a › four', '  ---', '    name: AssertionError', '  ...']);
});

test('TAP: a report that breaks off is a failure, whatever the exit status', (t) => {
  t.is(read('tap', 0, tap).failed, 1);
  t.is(read('tap', 'SIGKILL', tap).failed, 1);
  t.is(read('tap', 0, []).failed, 1);
});

test('TAP: a bad exit status without a failed test is a failure', (t) => {
  t.is(read('tap', 1, [...tap, '1..3']).failed, 1);
});

const ctest = [
  '1/3 Test #1: demo .............................   Passed    0.00 sec',
  '3/3 Test #3: skipper ..........................***Skipped   0.00 sec',
];

test('CTest: counts, and the same rules', (t) => {
  const failed = '2/3 Test #2: failer ...........................***Failed    0.00 sec';
  t.like(read('ctest', 0, [...ctest, '100% tests passed, 0 tests failed out of 2']), {
    passed: 1,
    failed: 0,
    skipped: ['skipper'],
  });
  t.like(read('ctest', 8, [...ctest, failed, '67% tests passed, 1 tests failed out of 3']), {
    passed: 1,
    failed: 1,
  });
  t.is(read('ctest', 0, []).failed, 1);
});

test('a program that says it by its exit status is one test', (t) => {
  t.like(read('exit', 0, ['fine']), { passed: 1, failed: 0, shown: [] });
  t.like(read('exit', 1, ['broken']), { passed: 0, failed: 1, shown: ['broken'] });
});
