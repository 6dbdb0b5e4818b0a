import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, runProgram } from '../workshop/programs.js';
import type { Workshop } from '../workshop/workshop.js';
import { type Contender, commandLane } from './contender.js';
import { onlyUnifiedCgroups, shellQuoted, withPlankMounted } from './private-mounts.js';

/** crun and runc take the same bundle and nearly the same command line. */
export function ociRuntime(name: 'crun' | 'runc'): Contender {
  return {
    name,
    async prepare(workshop) {
      const path = await findProgram(name);
      const bundle = join(workshop.scratch, name);
      await mkdir(join(bundle, 'state'), { recursive: true });
      await writeFile(join(bundle, 'config.json'), JSON.stringify(ociConfig(name, workshop), null, 2));
      const argv = [path, '--root', join(bundle, 'state'), 'run', '--bundle', bundle, '@ID@'];
      return {
        version: (await runProgram(path, ['--version'])).split('\n')[0] ?? '',
        differs:
          'no overlay (read-only root and a tmpfs on /tmp); no user namespace; libseccomp; JSON bundle',
        lane: await withPlankMounted(workshop, commandLane({ argv }), { more: mountsFor(workshop, bundle) }),
      };
    },
  };
}

/** Mounts these runtimes need in the lane's private namespace; none is seen by the host. */
function mountsFor(workshop: Workshop, bundle: string): string[] {
  // Their state directory: a tmpfs as /run is, and gone with the lane.
  return [
    `mount --no-mtab -t tmpfs tmpfs ${shellQuoted(join(bundle, 'state'))}`,
    ...onlyUnifiedCgroups(workshop),
  ];
}

/** A bundle at the isolation of a room, as far as it goes. */
export function ociConfig(
  name: string,
  workshop: Pick<Workshop, 'mountPoint' | 'cgroup' | 'denied'>,
): Record<string, unknown> {
  const none: string[] = [];
  const hardened = ['nosuid', 'noexec', 'nodev'];
  return {
    ociVersion: '1.0.2',
    hostname: 'room',
    process: {
      ...{ terminal: false, cwd: '/', args: ['/bin/tiny'], env: ['PATH=/bin'], noNewPrivileges: true },
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
    },
    root: { path: workshop.mountPoint, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: hardened },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      {
        destination: '/tmp',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', 'mode=1777', 'size=64m'],
      },
    ],
    linux: {
      ...(workshop.cgroup === undefined ? {} : { cgroupsPath: join(workshop.cgroup.name, name) }),
      namespaces: ['mount', 'pid', 'ipc', 'uts', 'network', 'cgroup'].map((type) => ({ type })),
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: workshop.denied, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
      },
    },
  };
}
