import { findProgram, runProgram } from '../workshop/programs.js';
import { type Contender, commandLane } from './contender.js';
import { withPlankMounted } from './private-mounts.js';

/** systemd's container runner. */
export const nspawn: Contender = {
  name: 'nspawn',
  async prepare(workshop) {
    const path = await findProgram('systemd-nspawn');
    const argv = [path, '--quiet', '--register=no', '--keep-unit', '--private-network', '--console=pipe'];
    argv.push('--volatile=overlay', '--no-new-privileges=yes', '--drop-capability=all', '--link-journal=no');
    argv.push('--directory', workshop.mountPoint, '/bin/tiny');
    return {
      version: (await runProgram(path, ['--version'])).split('\n')[0] ?? '',
      differs: 'no user namespace; its own allow list of system calls; no cgroup of its own; udev-like /dev',
      lane: await withPlankMounted(workshop, commandLane({ argv })),
    };
  },
};
