import test from 'ava';
import { renderChart } from '../../bench/plots/chart.js';
import { plotsOf } from '../../bench/plots/index.js';
import { categories, linear, logarithmicTime } from '../../bench/plots/scale.js';
import { element, textAt } from '../../bench/plots/svg.js';
import { renderWaterfall } from '../../bench/plots/waterfall.js';
import type { RunReport } from '../../bench/run-report.js';

const labels = (scale: { ticks: readonly { label: string }[] }) => scale.ticks.map(({ label }) => label);

test('a linear axis begins at nothing and ends at a round number', (t) => {
  t.deepEqual(labels(linear(930)), ['0', '200', '400', '600', '800', '1,000']);
  t.is(linear(930).place(500), 0.5);
  t.deepEqual(labels(linear(0.3)), ['0', '0.1', '0.2', '0.3']);
  t.deepEqual(labels(linear(0)), ['0', '1']);
});

test('a logarithmic axis goes from the mark below to the mark above', (t) => {
  const scale = logarithmicTime(120, 1900);
  t.deepEqual(labels(scale), ['100 µs', '200 µs', '500 µs', '1 ms', '2 ms']);
  t.is(scale.place(100), 0);
  t.is(scale.place(2000), 1);
  t.deepEqual(labels(logarithmicTime(7, 7)), ['5 µs', '10 µs']);
});

test('over many decades only powers of ten have names', (t) => {
  t.deepEqual(labels(logarithmicTime(10, 2_000_000)).filter(Boolean), [
    ...['10 µs', '100 µs', '1 ms', '10 ms', '100 ms', '1 s'],
  ]);
});

test('categories stand in the middle of their share', (t) => {
  t.deepEqual(
    [0, 1].map((index) => categories(['a', 'b']).place(index)),
    [0.25, 0.75],
  );
});

test('text and attributes are escaped, numbers rounded', (t) => {
  t.is(element('g', { id: 'a"b', x: 1.26, y: undefined }), '<g id="a&quot;b" x="1.3"/>');
  t.regex(textAt(0, 0, 'a < b & c'), />a &lt; b &amp; c<\/text>/);
});

test('a chart names its axes and series, and no two series look alike', (t) => {
  const series = Array.from({ length: 11 }, (_, index) => ({
    name: `lane ${index}`,
    points: [[0, index]] as const,
  }));
  const axis = (label: string) => ({ label, scale: linear(10) });
  const svg = renderChart({ title: 'T', x: axis('rooms'), y: axis('time, µs'), series });
  for (const words of ['T', 'rooms', 'time, µs', ...series.map(({ name }) => name)]) {
    t.true(svg.includes(`>${words}</text>`), words);
  }
  t.notRegex(svg, /NaN|undefined/);
  t.deepEqual([...new Set([...svg.matchAll(/#[0-9a-f]{3,6}/g)].map(([color]) => color))].sort(), [
    '#000',
    '#ccc',
    '#fff',
  ]);
});

test('a waterfall places each step where the last one ended', (t) => {
  const svg = renderWaterfall({
    title: 'T',
    label: 'µs',
    steps: [
      { name: 'first', value: 100, owner: 'a' },
      { name: 'second', value: 300, owner: 'b' },
    ],
  });
  const bars = [
    ...svg.matchAll(
      /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="15" fill="url\(#owner-(\d)\)" stroke="#000" stroke-width/g,
    ),
  ];
  const places = bars.map(([, x, width, owner]) => [Number(x), Number(width), Number(owner)]);
  t.is(places.length, 4);
  t.deepEqual(places.slice(0, 2), places.slice(2), 'stacked, and each in its row');
  const [first, second] = places;
  t.is(Number(first?.[0]) + Number(first?.[1]), Number(second?.[0]));
  t.is(Number(second?.[1]), Number(first?.[1]) * 3);
});

test('draws what there is an answer to, and phases of lanes that know them', (t) => {
  const sample = { first: 300, exit: 400, phases: { check: 20, started: 200 } };
  const lane = { version: '', differs: '', note: '', failure: undefined };
  const answers: RunReport['answers'] = {
    latency: {
      lanes: [
        { ...lane, name: 'room', samples: [sample, sample] },
        { ...lane, name: 'bwrap', samples: [{ first: 3000, exit: 4000 }] },
        { ...lane, name: 'crun', samples: [] },
      ],
    },
    churn: { windows: [{ p50: 1, p95: 2, p99: 3 }], roomsPerWindow: 1000 },
  };
  const plots = plotsOf({ answers } as RunReport);
  t.deepEqual(
    plots.map(({ name }) => name),
    ['latency', 'phases-room', 'churn'],
  );
  for (const { name, svg } of plots) t.notRegex(svg, /NaN|undefined/, name);
  t.regex(plots[1]!.svg, />first byte<\/text>.*>80<\/text>/s);
  t.deepEqual(plotsOf({ answers: {} } as RunReport), []);
});
