import test from 'ava';
import { portableMounts, vaultSources, withVaultSources } from '../../src/capsule/portable-mounts.js';
import { portableRoom, roomDigest } from '../../src/capsule/portable-room.js';
import type { MountSpec } from '../../src/spec/mounts.js';
import type { RoomSpec } from '../../src/spec/room-spec.js';

const tmpfs: MountSpec = { tmpfs: '1MiB', at: '/tmp' };
const mnist: MountSpec = { vault: 'datasets/mnist@3', at: '/data', noExec: true };
const room = (...mounts: readonly MountSpec[]): RoomSpec => ({
  plank: './a.sqsh',
  command: ['true'],
  mounts,
});
const plank = { format: 'squashfs', sha256: 'a'.repeat(64) } as const;

test('what comes from a vault is found, by the name it has in a capsule', (t) => {
  t.deepEqual(vaultSources(room(tmpfs, mnist)), [
    { reference: 'datasets/mnist@3', name: 'mnist', field: 'mounts[1].vault' },
  ]);
  t.deepEqual(vaultSources({}), []);
});

test('the same thing twice is one thing; two of one name are refused', (t) => {
  t.is(vaultSources(room(mnist, { ...mnist, at: '/again' })).length, 2);
  t.throws(() => vaultSources(room(mnist, { vault: 'datasets/mnist@4', at: '/new' })), {
    code: 'ERR_COURIER_SOURCE',
    message: /two things called mnist/,
  });
});

test('elsewhere it is a model without a generation, and all else stays as it is', (t) => {
  t.deepEqual(portableMounts([tmpfs, mnist]), [tmpfs, { vault: 'models/mnist', at: '/data', noExec: true }]);
  t.deepEqual(
    withVaultSources([tmpfs, mnist], (name) => `models/${name}@7`),
    [tmpfs, { vault: 'models/mnist@7', at: '/data', noExec: true }],
  );
});

test('a spec travels with its weights or not at all', (t) => {
  t.deepEqual(portableRoom(room(mnist), plank, ['mnist']).mounts, portableMounts([mnist]));
  t.throws(() => portableRoom(room(mnist), plank, ['other']), {
    code: 'ERR_COURIER_SOURCE',
    message: /mounts\[0\]\.vault/,
  });
});

test('services travel as they are, and are checked', (t) => {
  const services = { db: { command: ['db'], env: { A: '1' }, ready: { port: 5432 } } };
  t.deepEqual(portableRoom({ ...room(), services }, plank, []).services, services);
  t.not(roomDigest({ ...room(), services }), roomDigest(room()));
  t.throws(() => portableRoom({ ...room(), services: { db: { command: [] } } }, plank, []), {
    message: /services\.db\.command/,
  });
});

test('a receipt names the same room in every vault', (t) => {
  const here = roomDigest(room(mnist));
  t.is(roomDigest(room({ ...mnist, vault: 'models/mnist@12' })), here);
  t.not(roomDigest(room({ ...mnist, vault: 'models/other' })), here);
});
