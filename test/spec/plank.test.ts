import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const digest = `sha256:${'0'.repeat(64)}`;

refuses([
  [{ plank: null }, 'type', 'plank'],
  [{ plank: 1 }, 'type', 'plank'],
  [{ plank: { kind: 'host' } }, 'type', 'plank'],
  [{ plank: '' }, 'value', 'plank'],
  [{ plank: 'nix room' }, 'value', 'plank'],
  [{ plank: 'nix-room@' }, 'value', 'plank'],
  [{ plank: 'nix-room@0' }, 'value', 'plank'],
  [{ plank: '@1' }, 'value', 'plank'],
  [{ plank: 'Host' }, 'value', 'plank'],
  [{ plank: 'room.sqsh.' }, 'value', 'plank'],
  [{ plank: 'con.sqsh.bak' }, 'value', 'plank'],
  [{ plank: '/planks/' }, 'value', 'plank'],
  [{ plank: '/planks/a\0.sqsh' }, 'value', 'plank'],
  [{ plank: '/planks/\ud800.sqsh' }, 'value', 'plank'],
  [{ plank: `/${'x'.repeat(300)}.sqsh` }, 'value', 'plank'],
  [{ plankDigest: 1 }, 'type', 'plankDigest'],
  [{ plankDigest: null }, 'type', 'plankDigest'],
  [{ plankDigest: '0'.repeat(64) }, 'value', 'plankDigest'],
  [{ plankDigest: `${digest}0` }, 'value', 'plankDigest'],
  [{ plankDigest: digest.slice(0, -1) }, 'value', 'plankDigest'],
  [{ plankDigest: digest.replace('256', '512') }, 'value', 'plankDigest'],
  [{ plankDigest: `${digest}\n` }, 'value', 'plankDigest'],
  [{ plankDigest: `${digest}\0` }, 'value', 'plankDigest'],
  [{ plank: 'host', plankDigest: digest }, 'conflict', 'plankDigest'],
]);

for (const plank of [
  '/a',
  'a/b',
  './room',
  '../room.sqsh',
  'room.sqsh',
  'room.erofs',
  './host',
  '/a/new\nline',
]) {
  test(`the plank ${JSON.stringify(plank)} is kept as it is written`, (t) => {
    t.deepEqual(parseRoomSpec({ ...smallest, plank }).plank, { kind: 'image', path: plank });
  });
}

test('host is the host', (t) => {
  t.deepEqual(parseRoomSpec({ ...smallest, plank: 'host' }).plank, { kind: 'host' });
});

test('a digest is in lower case', (t) => {
  const written = `sha256:${'F'.repeat(64)}`;
  t.is(parseRoomSpec({ ...smallest, plankDigest: written }).plankDigest, 'f'.repeat(64));
});

for (const plank of ['nix-room', 'nix-room@12', 'room.sqsh.bak', 'room.sqsh@2']) {
  test(`${plank} is a name in the vault`, (t) => {
    t.deepEqual(parseRoomSpec({ ...smallest, plank }).plank, { kind: 'vault', reference: `planks/${plank}` });
  });
}
