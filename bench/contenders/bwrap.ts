import { filterFd } from '../lanes/fds.js';
import { findProgram, runProgram } from '../workshop/programs.js';
import { type Contender, commandLane } from './contender.js';
import { withPlankMounted } from './private-mounts.js';

/** bubblewrap at the isolation of a room, as far as it goes. */
export const bwrap: Contender = {
  name: 'bwrap',
  async prepare(workshop) {
    const path = await findProgram('bwrap');
    const overlay = (await runProgram(path, ['--help'])).includes('--overlay-src');
    const root = overlay
      ? ['--overlay-src', workshop.mountPoint, '--tmp-overlay', '/']
      : ['--ro-bind', workshop.mountPoint, '/', '--tmpfs', '/tmp'];
    const namespaces = ['user', 'ipc', 'pid', 'net', 'uts', 'cgroup'].map((name) => `--unshare-${name}`);
    const argv = [path, ...namespaces, ...root];
    argv.push('--proc', '/proc', '--dev', '/dev', '--hostname', 'room', '--cap-drop', 'ALL');
    argv.push('--seccomp', String(filterFd), '/bin/tiny');
    return {
      version: (await runProgram(path, ['--version'])).trim(),
      differs: `${overlay ? '' : 'no overlay (read-only root and a tmpfs on /tmp); '}no cgroup; root of the host is root inside`,
      lane: await withPlankMounted(workshop, commandLane({ argv, filter: workshop.filter })),
    };
  },
};
