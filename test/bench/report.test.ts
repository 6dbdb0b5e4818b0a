import test from 'ava';
import type { MachineFacts } from '../../bench/machine.js';
import type { LaneReport } from '../../bench/drive/lane-report.js';
import { renderComparison, renderReport } from '../../bench/report.js';
import { type RunReport, parseRunReport } from '../../bench/run-report.js';
import { renderTable } from '../../bench/table.js';

const machine: MachineFacts = {
  ...{
    kernel: '6.18.0',
    cpu: 'a cpu',
    cores: 2,
    memoryGiB: 24,
    node: '20.20.2',
    governor: undefined,
    mounts: 20,
  },
  ...{ cgroup: 'none', commit: 'abc1234', date: '2026-01-01T00:00:00.000Z', load: [0, 1] },
};

function lane(name: string, first: number, more: Partial<LaneReport> = {}): LaneReport {
  // A little variation around the value, the same for all lanes.
  const samples = Array.from({ length: 21 }, (_, index) => ({
    ...{ first: first * (0.9 + index / 100), exit: first * 1.2, call: first / 10 },
  }));
  return { name, version: '1', differs: 'nothing', note: '', failure: undefined, samples, ...more };
}

function run(...lanes: LaneReport[]): RunReport {
  return {
    format: 2,
    machine,
    rounds: 21,
    seed: 1,
    fifo: false,
    answers: { latency: { lanes } },
    failures: {},
  };
}

const usual = run(
  lane('room', 400),
  lane('child_process', 900),
  lane('bwrap', 2000),
  lane('floor-scratch', 1000),
);

test('the report holds machine, percentiles, ratios, what differs and verdicts', (t) => {
  const text = renderReport(usual);
  t.regex(text, /Linux 6\.18\.0/);
  t.regex(text, /\| room +\| +400 \| +436 \| +440 \| +480 \|/);
  t.regex(text, /\| +480 \| +40 \| 0\.40 \[0\.40–0\.40\] \|/);
  t.regex(text, /faster than bwrap from Node +\| ≥ 6 × +\| +5\.00 × \[5\.00–5\.00\] \| NOT met/);
  t.regex(text, /kernel memory per idle room +\| ≤ 0\.5 MB +\| +– \| not measured/);
});

test('the report lists contenders that cannot run or stopped', (t) => {
  const missing = lane('crun', 0, { samples: [], failure: 'crun is not installed' });
  const stopped = lane('runc', 9, { failure: 'no answer' });
  const text = renderReport(run(missing, stopped));
  t.regex(text, /crun cannot run here: crun is not installed/);
  t.regex(text, /runc stopped after 21: no answer/);
});

test('a question without an answer is in the report with the reason', (t) => {
  const text = renderReport({ ...usual, failures: { scale: 'the lane ended' } });
  t.regex(text, /scale found no answer: the lane ended/);
});

test('a run that is about no bar has no table of bars', (t) => {
  const churn = { windows: [{ p50: 1, p95: 2, p99: 3 }], roomsPerWindow: 1000 };
  const text = renderReport({ ...usual, answers: { churn } });
  t.regex(text, /ten thousandth/);
  t.notRegex(text, /bar/);
});

test('compares ratios to the floor, never microseconds of two runs', (t) => {
  const slowMachine = run(lane('room', 880), lane('floor-scratch', 2000));
  const text = renderComparison(usual, slowMachine);
  t.regex(text, /0\.44 \[0\.44–0\.44\] \| 0\.40 \[0\.40–0\.40\] \| −9\.1 %/);
  t.notRegex(text, /within noise/);
  t.regex(renderComparison(usual, usual), /\+0\.0 % \(within noise\)/);
});

test('says so when there is nothing to compare', (t) => {
  t.regex(renderComparison(usual, run(lane('room', 1))), /Nothing to compare/);
});

test('a saved run can be read back, another file cannot', (t) => {
  t.deepEqual(
    parseRunReport(JSON.stringify(usual)).answers.latency?.lanes[0]?.samples,
    lane('room', 400).samples,
  );
  for (const text of ['{}', 'null', '{"format":1}', '{"format":2}'])
    t.throws(() => parseRunReport(text), { instanceOf: TypeError });
});

test('tables are aligned, numbers to the right', (t) => {
  t.is(
    renderTable([
      ['name', 'µs'],
      ['a', '7'],
      ['long name', '1234'],
    ]),
    ['| name      |   µs |', '|-----------|-----:|', '| a         |    7 |', '| long name | 1234 |'].join(
      '\n',
    ),
  );
});
