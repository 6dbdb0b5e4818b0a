import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const one = (more: object): Record<string, unknown> => ({ services: { db: { command: ['db'], ...more } } });
const two = (a: object, b: object): Record<string, unknown> => ({
  services: { a: { command: ['a'], ...a }, b: { command: ['b'], ...b } },
});

refuses([
  [{ services: null }, 'type', 'services'],
  [{ services: [] }, 'type', 'services'],
  [{ services: { Db: { command: ['x'] } } }, 'value', 'services'],
  [{ services: { 'd b': { command: ['x'] } } }, 'value', 'services'],
  [{ services: { ['d'.repeat(65)]: { command: ['x'] } } }, 'value', 'services'],
  [
    { services: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`s${i}`, { command: ['x'] }])) },
    'value',
    'services',
  ],
  [{ services: { db: null } }, 'type', 'services.db'],
  [{ services: { db: {} } }, 'type', 'services.db.command'],
  [{ services: { db: { command: [] } } }, 'value', 'services.db.command'],
  [{ services: { db: { command: ['a\0'] } } }, 'value', 'services.db.command[0]'],
  [one({ restart: true }), 'unknown', 'services.db.restart'],
  [one({ env: { 'A=': '1' } }), 'value', 'services.db.env["A="]'],
  [one({ env: { A: '\0' } }), 'value', 'services.db.env.A'],
  [one({ cwd: 'tmp' }), 'value', 'services.db.cwd'],
  [one({ user: '1e3' }), 'type', 'services.db.user'],
  [one({ user: 65_536 }), 'value', 'services.db.user'],
  [one({ essential: 1 }), 'type', 'services.db.essential'],
  [one({ after: 'web' }), 'type', 'services.db.after'],
  [one({ after: [1] }), 'type', 'services.db.after[0]'],
  [one({ after: ['web'] }), 'value', 'services.db.after[0]'],
  [one({ after: ['db'] }), 'conflict', 'services'],
  [two({ after: ['b'] }, { after: ['a'] }), 'conflict', 'services'],
  [two({}, { after: ['a', 'a'] }), 'value', 'services.b.after[1]'],
  [one({ ready: {} }), 'conflict', 'services.db.ready'],
  [one({ ready: { timeout: '1s' } }), 'conflict', 'services.db.ready'],
  [one({ ready: { port: 1, path: '/a' } }), 'conflict', 'services.db.ready'],
  [one({ ready: { file: '/a' } }), 'unknown', 'services.db.ready.file'],
  [one({ ready: { port: 0 } }), 'value', 'services.db.ready.port'],
  [one({ ready: { port: 65_536 } }), 'value', 'services.db.ready.port'],
  [one({ ready: { port: '80' } }), 'type', 'services.db.ready.port'],
  [one({ ready: { path: 'a' } }), 'value', 'services.db.ready.path'],
  [one({ ready: { path: '/a/../b' } }), 'value', 'services.db.ready.path'],
  [one({ ready: { path: '/proc/1' } }), 'value', 'services.db.ready.path'],
  [one({ ready: { path: '/dev/null' } }), 'value', 'services.db.ready.path'],
  [one({ ready: { command: [''] } }), 'value', 'services.db.ready.command[0]'],
  [one({ ready: { port: 1, timeout: 0 } }), 'value', 'services.db.ready.timeout'],
  [two({ ready: { port: 1 } }, { ready: { port: 1 } }), 'conflict', 'services.b.ready.port'],
  [two({ ready: { path: '/a' } }, { ready: { path: '//a' } }), 'conflict', 'services.b.ready.path'],
]);

test('a service as it is when all is left out', (t) => {
  const [service] = parseRoomSpec({ ...smallest, env: { SECRET: 'x' }, cwd: '/tmp', ...one({}) }).services;
  t.like(service, { name: 'db', command: ['db'], cwd: '/', user: null, after: [], essential: false });
  t.deepEqual(service?.ready, { kind: 'started', timeout: 30_000 });
  t.deepEqual(
    service?.env.map(([name]) => name),
    ['PATH'],
  );
});

test('what shows that it is ready', (t) => {
  const ready = (written: object): unknown =>
    parseRoomSpec({ ...smallest, ...one({ ready: written }) }).services[0]?.ready;
  t.deepEqual(ready({ port: 80, timeout: '1min' }), { kind: 'port', port: 80, timeout: 60_000 });
  t.deepEqual(ready({ path: '/dev/shm//a' }), { kind: 'path', path: '/dev/shm/a', timeout: 30_000 });
  t.deepEqual(ready({ command: ['a', 'b'] }), { kind: 'command', command: ['a', 'b'], timeout: 30_000 });
});

test('each comes behind those that it is after, and else as it was written', (t) => {
  const service = (...after: string[]): object => ({ command: ['x'], after });
  const services = { d: service('c', 'a'), b: service(), c: service('a'), a: service() };
  t.deepEqual(
    parseRoomSpec({ ...smallest, services }).services.map(({ name }) => name),
    ['b', 'a', 'c', 'd'],
  );
});

test('a room without any has none', (t) => {
  t.deepEqual(parseRoomSpec(smallest).services, []);
});
