import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const tmpfs = { store: 'tmpfs' } as const;
const bind = { store: 'vault', mode: 'bind' } as const;

refuses([
  [{ nix: null }, 'type', 'nix'],
  [{ nix: true }, 'type', 'nix'],
  [{ nix: {} }, 'type', 'nix.store'],
  [{ nix: { store: 'disk' } }, 'value', 'nix.store'],
  [{ nix: { store: 'tmpfs', cache: 'x' } }, 'unknown', 'nix.cache'],
  [{ nix: { store: 'tmpfs', mode: 'layer' } }, 'conflict', 'nix.mode'],
  [{ nix: { store: 'vault', mode: 'upper' } }, 'value', 'nix.mode'],
  [{ nix: { ...tmpfs, sandbox: 'yes' } }, 'type', 'nix.sandbox'],
  [{ nix: { ...tmpfs, keep: 'always' } }, 'value', 'nix.keep'],
  [{ nix: { ...tmpfs, size: 1000 } }, 'value', 'nix.size'],
  [{ nix: { ...bind, keep: 'never' } }, 'conflict', 'nix.keep'],
  [{ nix: { ...bind, size: '1GiB' } }, 'conflict', 'nix.size'],
  [{ nix: tmpfs, identity: 'host' }, 'conflict', 'nix.sandbox'],
  [{ nix: tmpfs, readOnlyRoot: true }, 'conflict', 'readOnlyRoot'],
  [{ nix: tmpfs, mounts: [{ tmpfs: 4096, at: '/nix' }] }, 'conflict', 'mounts[0].at'],
  [{ nix: tmpfs, mounts: [{ tmpfs: 4096, at: '/nix/store' }] }, 'conflict', 'mounts[0].at'],
  [{ nix: tmpfs, mounts: [{ tmpfs: 4096, at: '/run' }] }, 'conflict', 'mounts[0].at'],
  [
    {
      nix: tmpfs,
      mounts: Array.from({ length: 16 }, (_, i) => ({ vault: 'models', at: `/${i}`, access: 'write' })),
    },
    'conflict',
    'mounts',
  ],
]);

test('stores, and what their sandbox is granted', (t) => {
  const { nix, capabilities, seccomp } = parseRoomSpec({ ...smallest, nix: tmpfs, capabilities: ['CHOWN'] });
  t.deepEqual(nix, { store: 'tmpfs', sandbox: true, keep: true, bytes: 2 ** 30 });
  // CHOWN, DAC_OVERRIDE, SETGID, SETFCAP.
  t.deepEqual(capabilities, [0, 1, 6, 31]);
  t.deepEqual(seccomp, {
    kind: 'default',
    allow: ['chroot', 'clone', 'mount', 'pivot_root', 'setdomainname', 'sethostname', 'umount2', 'unshare'],
  });
  const layer = parseRoomSpec({ ...smallest, nix: { store: 'vault', keep: 'never', size: '2MiB' } });
  t.deepEqual(layer.nix, { store: 'layer', sandbox: true, keep: false, bytes: 2 ** 21 });
});

test('without the sandbox nothing is granted, and a profile of one’s own stays as it is', (t) => {
  const plain = parseRoomSpec({ ...smallest, nix: { ...bind, sandbox: false }, identity: 'host' });
  t.deepEqual(plain.nix, { store: 'bind', sandbox: false, keep: false, bytes: 2 ** 30 });
  t.deepEqual([plain.capabilities, plain.seccomp], [[], { kind: 'default', allow: [] }]);
  const profile = { defaultAction: 'SCMP_ACT_ALLOW' };
  const own = parseRoomSpec({ ...smallest, nix: tmpfs, seccomp: { profile } });
  t.deepEqual(own.seccomp, parseRoomSpec({ ...smallest, seccomp: { profile } }).seccomp);
});

test('a room without it has nothing of it', (t) => {
  t.is(parseRoomSpec(smallest).nix, null);
});
