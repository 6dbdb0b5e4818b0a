import test from 'ava';
import { ociConfig } from '../../bench/contenders/oci.js';
import { shellQuoted } from '../../bench/contenders/private-mounts.js';
import { cgroup2Mount } from '../../bench/workshop/cgroup.js';

test('finds cgroup v2 on a unified and on a hybrid host, and nothing on a v1 host', (t) => {
  const unified = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
  const hybrid = [
    '31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  ].join('\n');
  t.is(cgroup2Mount(unified), '/sys/fs/cgroup');
  t.is(cgroup2Mount(hybrid), '/sys/fs/cgroup/unified');
  t.is(cgroup2Mount('31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'), undefined);
});

test('does not take a part of the hierarchy for the whole', (t) => {
  t.is(cgroup2Mount('30 24 0:26 /system.slice /sys/fs/cgroup rw - cgroup2 cgroup2 rw'), undefined);
});

test('quotes words for sh', (t) => {
  t.is(shellQuoted(`it's $HOME`), `'it'\\''s $HOME'`);
});

test('an OCI bundle has the isolation of a room: no capabilities, the same denied calls, its own cgroup', (t) => {
  const config = ociConfig('crun', {
    mountPoint: '/plank',
    denied: ['mount'],
    cgroup: { path: '/sys/fs/cgroup/b-1', name: '/b-1', mount: '/sys/fs/cgroup', controllers: [] },
  });
  t.like(config, {
    process: { noNewPrivileges: true, capabilities: { bounding: [], permitted: [] } },
    root: { path: '/plank', readonly: true },
    linux: {
      cgroupsPath: '/b-1/crun',
      seccomp: { syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }] },
    },
  });
});
