import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const pipe = { kind: 'pipe' };
const none = { kind: 'null' };
const fd = (number: number) => ({ kind: 'fd', fd: number });

refuses([
  [{ stdio: null }, 'type', 'stdio'],
  [{ stdio: 1 }, 'type', 'stdio'],
  [{ stdio: true }, 'type', 'stdio'],
  [{ stdio: 'null' }, 'value', 'stdio'],
  [{ stdio: 'pty' }, 'value', 'stdio'],
  [{ stdio: 'pipe\0' }, 'value', 'stdio'],
  [{ stdio: [] }, 'value', 'stdio'],
  [{ stdio: ['pipe', 'pipe'] }, 'value', 'stdio'],
  [{ stdio: ['pipe', 'pipe', 'pipe', 'pipe'] }, 'value', 'stdio'],
  [{ stdio: ['pipe', null, 'pipe'] }, 'type', 'stdio[1]'],
  [{ stdio: ['pipe', 'pipe', 'stdout'] }, 'value', 'stdio[2]'],
  [{ stdio: [{ pty: {} }, 'pipe', 'pipe'] }, 'type', 'stdio[0]'],
  [{ stdio: [-1, 'pipe', 'pipe'] }, 'value', 'stdio[0]'],
  [{ stdio: ['pipe', 1.5, 'pipe'] }, 'value', 'stdio[1]'],
  [{ stdio: ['pipe', 'pipe', 2 ** 31] }, 'value', 'stdio[2]'],
  [{ stdio: ['pipe', 'pipe', NaN] }, 'value', 'stdio[2]'],
  [{ stdio: {} }, 'type', 'stdio.pty'],
  [{ stdio: { pty: true } }, 'type', 'stdio.pty'],
  [{ stdio: { tty: {} } }, 'unknown', 'stdio.tty'],
  [{ stdio: { pty: {}, stdin: 'pipe' } }, 'unknown', 'stdio.stdin'],
  [{ stdio: { pty: { cols: 80 } } }, 'unknown', 'stdio.pty.cols'],
  [{ stdio: { pty: { columns: 0 } } }, 'value', 'stdio.pty.columns'],
  [{ stdio: { pty: { columns: 65_536 } } }, 'value', 'stdio.pty.columns'],
  [{ stdio: { pty: { columns: '80' } } }, 'type', 'stdio.pty.columns'],
  [{ stdio: { pty: { rows: 0 } } }, 'value', 'stdio.pty.rows'],
  [{ stdio: { pty: { rows: 24.5 } } }, 'value', 'stdio.pty.rows'],
  [{ stdio: { pty: { rows: null } } }, 'type', 'stdio.pty.rows'],
]);

const taken: readonly (readonly [stdio: unknown, checked: unknown])[] = [
  ['pipe', { kind: 'streams', streams: [pipe, pipe, pipe] }],
  ['ignore', { kind: 'streams', streams: [none, none, none] }],
  ['inherit', { kind: 'streams', streams: [fd(0), fd(1), fd(2)] }],
  [['ignore', 'inherit', 'pipe'], { kind: 'streams', streams: [none, fd(1), pipe] }],
  [['inherit', 2, 2_147_483_647], { kind: 'streams', streams: [fd(0), fd(2), fd(2_147_483_647)] }],
  [{ pty: {} }, { kind: 'pty', columns: 80, rows: 24 }],
  [{ pty: { columns: 1, rows: 65_535 } }, { kind: 'pty', columns: 1, rows: 65_535 }],
];
for (const [stdio, checked] of taken) {
  test(`stdio ${JSON.stringify(stdio)}`, (t) => {
    t.deepEqual(parseRoomSpec({ ...smallest, stdio }).stdio as unknown, checked);
  });
}
