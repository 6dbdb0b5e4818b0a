import type { HostFiles } from './files.js';

/** What runs this process: it decides which remedy is of any use. */
export type Surroundings = 'docker' | 'podman' | 'lxc' | 'kubernetes' | 'gvisor' | 'systemd' | 'plain';

/** Looks at the marks that container engines leave, then for systemd. */
export function readSurroundings(files: HostFiles): Surroundings {
  // gVisor answers for the kernel itself, whichever engine started it.
  if (/gvisor/i.test(files.read('/proc/version') ?? '')) return 'gvisor';
  if (files.stat('/run/.containerenv') !== null) return 'podman';
  const groups = files.read('/proc/self/cgroup') ?? '';
  if (files.stat('/var/run/secrets/kubernetes.io') !== null || /[/:]kubepods/.test(groups))
    return 'kubernetes';
  // PID 1 of LXC and of systemd-nspawn carries container=…; only root may read it.
  const init = files.read('/proc/1/environ')?.match(/(?:^|\0)container=([^\0]*)/)?.[1];
  if (init === 'lxc' || /\/lxc(?:\.payload)?[./]/.test(groups) || files.stat('/dev/.lxc') !== null)
    return 'lxc';
  // A virtual machine made from a Docker image has the mark as well: believe it only where nothing contradicts.
  if (files.stat('/.dockerenv') !== null && files.stat('/run/systemd/system') === null) return 'docker';
  return files.stat('/run/systemd/system') === null ? 'plain' : 'systemd';
}

/** Whether a container engine stands between this process and the host. */
export function inContainer(surroundings: Surroundings): boolean {
  return surroundings !== 'systemd' && surroundings !== 'plain';
}
