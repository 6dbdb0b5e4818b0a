import test from 'ava';
import { parseRlimits, rlimitNames } from '../../src/spec/rlimits.js';
import { refuses } from './refusal.js';

refuses([
  [{ rlimits: null }, 'type', 'rlimits'],
  [{ rlimits: [] }, 'type', 'rlimits'],
  [{ rlimits: { NOFILE: 1 } }, 'unknown', 'rlimits.NOFILE'],
  [{ rlimits: { rss: 1 } }, 'unknown', 'rlimits.rss'],
  [{ rlimits: { nproc: null } }, 'type', 'rlimits.nproc'],
  [{ rlimits: { nproc: true } }, 'type', 'rlimits.nproc'],
  [{ rlimits: { nproc: [1, 2] } }, 'type', 'rlimits.nproc'],
  [{ rlimits: { nproc: '1' } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { nproc: 'infinity' } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { nproc: 'unlimited\0' } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { nproc: -1 } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { nproc: 1.5 } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { nproc: NaN } }, 'value', 'rlimits.nproc'],
  [{ rlimits: { as: 2 ** 53 } }, 'value', 'rlimits.as'],
  [{ rlimits: { nofile: 'unlimited' } }, 'value', 'rlimits.nofile'],
  [{ rlimits: { nofile: 2_147_483_585 } }, 'value', 'rlimits.nofile'],
  [{ rlimits: { cpu: { soft: 1 } } }, 'type', 'rlimits.cpu.hard'],
  [{ rlimits: { cpu: { hard: 1 } } }, 'type', 'rlimits.cpu.soft'],
  [{ rlimits: { cpu: { soft: 1, hard: 2, max: 3 } } }, 'unknown', 'rlimits.cpu.max'],
  [{ rlimits: { cpu: { soft: '1', hard: 2 } } }, 'value', 'rlimits.cpu.soft'],
  [{ rlimits: { cpu: { soft: 1, hard: {} } } }, 'type', 'rlimits.cpu.hard'],
  [{ rlimits: { cpu: { soft: 3, hard: 2 } } }, 'conflict', 'rlimits.cpu.soft'],
  [{ rlimits: { cpu: { soft: 'unlimited', hard: 2 } } }, 'conflict', 'rlimits.cpu.soft'],
]);

test('defaults can be replaced one by one', (t) => {
  t.deepEqual(parseRlimits(undefined, 'rlimits'), parseRlimits({}, 'rlimits'));
  t.deepEqual(parseRlimits({ nofile: 10 }, 'rlimits'), [
    { resource: 4, soft: 0, hard: 0 },
    { resource: 7, soft: 10, hard: 10 },
  ]);
  t.deepEqual(parseRlimits({ core: 'unlimited', nofile: { soft: 0, hard: 2_147_483_584 } }, 'rlimits'), [
    { resource: 4, soft: -1, hard: -1 },
    { resource: 7, soft: 0, hard: 2_147_483_584 },
  ]);
});

test('each name has its number, in order', (t) => {
  const all = Object.fromEntries(rlimitNames.map((name) => [name, 5]).reverse());
  const checked = parseRlimits(all, 'rlimits');
  t.deepEqual(
    checked.map(({ resource }) => resource),
    [0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15],
  );
  t.true(checked.every(({ soft, hard }) => soft === 5 && hard === 5));
});

test('soft may be as high as hard', (t) => {
  const value = { soft: 'unlimited', hard: 'unlimited' };
  t.deepEqual(parseRlimits({ stack: value }, 'rlimits')[0], { resource: 3, soft: -1, hard: -1 });
  t.deepEqual(parseRlimits({ stack: { soft: 2, hard: 2 } }, 'rlimits')[0], { resource: 3, soft: 2, hard: 2 });
});
