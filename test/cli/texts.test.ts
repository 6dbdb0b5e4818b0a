import test from 'ava';
import { benchReport, benchText } from '../../src/cli/bench-report.js';
import { doctorText } from '../../src/cli/doctor-text.js';
import { histogram } from '../../src/cli/histogram.js';
import { verificationText } from '../../src/cli/plank-verify.js';
import { ProgressLine } from '../../src/cli/progress-line.js';
import { planInJson } from '../../src/cli/run-report.js';
import { distributionOf } from '../../src/cli/statistics.js';
import { styleFor } from '../../src/cli/style.js';
import { textTable } from '../../src/cli/text-table.js';
import { bytesInWords, durationInWords, microsecondsInWords } from '../../src/cli/units.js';
import { RoomError, type HostReport, type Plan } from '../../src/index.js';

const plain = styleFor({ isTTY: false }, {});

test('units', (t) => {
  t.deepEqual([0, 1023, 1024, 1536, 64 * 2 ** 20, 2 ** 50].map(bytesInWords), [
    '0 bytes',
    '1023 bytes',
    '1 KiB',
    '1.5 KiB',
    '64 MiB',
    '1024 TiB',
  ]);
  t.deepEqual([0, 99.94, 612, 1250, 3_400_000].map(microsecondsInWords), [
    '0 µs',
    '99.9 µs',
    '612 µs',
    '1.25 ms',
    '3.4 s',
  ]);
  t.deepEqual([1, 500, 1000, 90_000, 600_000, 3_600_000, 86_400_000].map(durationInWords), [
    '1ms',
    '500ms',
    '1s',
    '90s',
    '10min',
    '1h',
    '1d',
  ]);
});

test('a table is as wide as it must be', (t) => {
  const rows = [
    ['name', 'p50'],
    ['a', '10'],
    ['longer', ''],
  ];
  t.is(textTable(rows, [1]), 'name    p50\na        10\nlonger\n');
});

test('colours only where they are wanted', (t) => {
  t.is(styleFor({ isTTY: true }, { TERM: 'xterm' }).good('yes'), '\x1b[32myes\x1b[0m');
  t.is(plain.good('yes'), 'yes');
  t.is(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bad('no'), 'no');
  t.is(styleFor({ isTTY: true }, { NO_COLOR: '', TERM: 'xterm' }).bad('no'), '\x1b[31mno\x1b[0m');
  t.is(styleFor({ isTTY: true }, { TERM: 'dumb' }).strong('x'), 'x');
});

test('progress is shown on a terminal, each state once, and taken away', (t) => {
  const written: string[] = [];
  const stream = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) > 0 });
  const line = new ProgressLine(stream(true));
  for (const text of ['packing 1 %', 'packing 1 %', 'packing 2 %']) line.show(text);
  line.clear();
  line.clear();
  t.deepEqual(written, ['\rpacking 1 %\x1b[K', '\rpacking 2 %\x1b[K', '\r\x1b[K']);
  for (const silent of [new ProgressLine(stream(false)), new ProgressLine(stream(true), false)]) {
    silent.show('packing');
    silent.clear();
  }
  t.is(written.length, 3);
});

const host: HostReport = {
  ok: true,
  kernel: '6.1',
  surroundings: 'plain',
  capabilities: [
    { name: 'clone3', ok: true, need: 'rooms', why: 'starts rooms', remedy: null },
    { name: 'cgroup-memory', ok: false, need: 'limits', why: 'held by cgroup v1', remedy: 'boot otherwise' },
  ],
};

test('the doctor says what is missing and what helps', (t) => {
  const text = doctorText(host, plain, 100);
  t.is(
    text,
    [
      'Linux 6.1, plain',
      '',
      'Every room needs',
      '  yes  clone3        starts rooms',
      '',
      'Limits need',
      '  no   cgroup-memory held by cgroup v1',
      '                     remedy: boot otherwise',
      '',
      'Rooms can be made on this host. 1 of 2 capabilities is missing.',
      '',
    ].join('\n'),
  );
  t.regex(doctorText({ ...host, ok: false }, plain, 100), /Rooms cannot be made on this host\.\n$/);
  const narrow = doctorText(
    { ...host, capabilities: [{ ...host.capabilities[0]!, why: 'word '.repeat(40).trim() }] },
    plain,
    60,
  );
  t.true(narrow.split('\n').every((line) => line.length <= 60));
});

test('a verification shows every check', (t) => {
  const error = new RoomError('ERR_ROOM_PLANK_DIGEST', 'another digest', { hint: 'fetch it again' });
  const text = verificationText(
    {
      path: 'p.sqsh',
      ok: false,
      format: 'squashfs',
      identity: 'sha256:0',
      checks: [
        { name: 'header', result: 'passed', detail: 'squashfs' },
        { name: 'digest', result: 'failed', detail: 'another digest', error },
        { name: 'structure', result: 'skipped', detail: 'not looked at' },
      ],
    },
    plain,
  );
  t.is(
    text,
    [
      'passed  header     squashfs',
      'failed  digest     another digest',
      '                   hint: fetch it again',
      'skipped structure  not looked at',
      'p.sqsh: not to be used',
      '',
    ].join('\n'),
  );
});

test('a plan is JSON, its filter base64', (t) => {
  const plan = { planVersion: 1, seccomp: new Uint8Array(16).fill(1) } as unknown as Plan;
  t.deepEqual(JSON.parse(planInJson(plan)), {
    planVersion: 1,
    seccomp: { instructions: 2, base64: 'AQEBAQEBAQEBAQEBAQEBAQ==' },
  });
  t.deepEqual(JSON.parse(planInJson({ ...plan, seccomp: null })), { planVersion: 1, seccomp: null });
});

test('percentiles are values that were measured', (t) => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  t.deepEqual(distributionOf(hundred), { p50: 50, p95: 95, p99: 99, least: 1, most: 100 });
  t.deepEqual(distributionOf([7.26]), { p50: 7.3, p95: 7.3, p99: 7.3, least: 7.3, most: 7.3 });
});

const samples = Array.from({ length: 200 }, (_, at) => ({
  phases: { check: 10 + at / 100, executed: 500 },
  started: 600 + at,
  firstByte: at === 199 ? 90_000 : 700 + at * 2,
  exited: 900 + at,
  removed: 950 + at,
}));
const report = benchReport({ plank: 'a<b>.sqsh', command: ['echo', 'x'], warmup: 3 }, samples);

test('a bench has a row for every phase and milestone', (t) => {
  const text = benchText(report);
  t.regex(text, /^200 rooms from a<b>\.sqsh, one after another, each running: echo x\n/);
  t.regex(text, /^µs +p50 +p95 +p99 +least +most$/m);
  t.regex(text, /^ {2}check +11 +11\.9 +12 +10 +12$/m);
  for (const name of ['started', 'first byte', 'exit known', 'removed'])
    t.regex(text, new RegExp(`^${name} +\\d`, 'm'));
  t.deepEqual(Object.keys(report.phases), ['check', 'executed']);
  t.is(report.samples.firstByte.length, 200);
});

test('a histogram is well-formed, has its units, and counts every room', (t) => {
  const svg = histogram(report);
  t.regex(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  t.regex(svg, /rooms from a&lt;b&gt;\.sqsh/);
  t.regex(svg, /milliseconds from the call of spawn\(\) to the first byte/);
  t.regex(svg, />number of rooms</);
  t.regex(svg, /beyond the right edge: 1 slower room</);
  for (const mark of ['p50 ', 'p95 ', 'p99 ']) t.true(svg.includes(`>${mark}`), mark);
  t.notRegex(svg, /NaN|Infinity|undefined/);
  // Every element is closed, or closes itself.
  const open = [...svg.matchAll(/<(\w+)[^>]*[^/]>/g)].length;
  t.is(open, [...svg.matchAll(/<\/\w+>/g)].length);
});

test('a histogram of equal, of one and of slow rooms', (t) => {
  for (const values of [[500, 500, 500], [1], [5e7, 6e7]]) {
    const svg = histogram({
      ...report,
      rooms: values.length,
      samples: { firstByte: values, exited: values },
    });
    t.notRegex(svg, /NaN|Infinity|undefined/, String(values));
    t.true(svg.length < 20_000);
  }
});
