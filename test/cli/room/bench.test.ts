import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { BenchReport } from '../../../src/cli/bench-report.js';
import { busyboxPlank, scratch } from '../../helpers/image.js';
import { anchor } from '../anchor-command.js';

test('the bench measures a plank and draws it', async (t) => {
  const svg = join(await scratch(t), 'out.svg');
  const args = ['bench', await busyboxPlank(), '-n', '5', '--warmup', '1', '--json', '--svg', svg];
  const { code, stdout, stderr } = await anchor(args);
  t.deepEqual([code, stderr], [0, '']);
  const report = JSON.parse(stdout) as BenchReport;
  t.like(report, { rooms: 5, warmup: 1, unit: 'microseconds', command: ['echo', 'ready'] });
  t.is(report.samples.firstByte.length, 5);
  t.true(Object.keys(report.phases).length > 3);
  t.true(report.started.p50 > 0 && report.firstByte.p50 >= report.started.p50);
  t.true(report.removed.p50 >= report.exited.p50);
  t.true((await stat(svg)).size > 1000);

  const text = await anchor(['bench', '-n', '2', '--warmup', '0', '--', 'sh', '-c', 'echo x']);
  t.is(text.code, 0);
  t.regex(text.stdout, /^2 rooms from host, .*: sh -c echo x\n/);
});

test('a bench of what cannot be measured', async (t) => {
  const silent = await anchor(['bench', '-n', '1', '--', 'true']);
  t.is(silent.code, 1);
  t.regex(silent.stderr, /^anchor: true wrote nothing: only programs/);
  const failing = await anchor(['bench', '-n', '1', '--', 'sh', '-c', 'echo x; exit 3']);
  t.regex(failing.stderr, /ended with 3: only programs/);
  const missing = await anchor(['bench', '-n', '1', '--', 'no-such-program']);
  t.is(missing.code, 1);
  t.regex(missing.stderr, /no-such-program/);
});
