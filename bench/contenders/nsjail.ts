import { findProgram, runProgram } from '../workshop/programs.js';
import { type Contender, commandLane } from './contender.js';
import { withPlankMounted } from './private-mounts.js';

/** Google's process isolation tool. */
export const nsjail: Contender = {
  name: 'nsjail',
  async prepare(workshop) {
    const path = await findProgram('nsjail');
    const argv = [path, '--mode', 'o', '--really_quiet', '--hostname', 'room', '--disable_rlimits'];
    argv.push('--chroot', workshop.mountPoint, '--tmpfsmount', '/tmp', '--time_limit', '0');
    argv.push('--user', '0:100000:65536', '--group', '0:100000:65536');
    argv.push('--seccomp_string', `ERRNO(1) { ${workshop.denied.join(', ')} } DEFAULT ALLOW`);
    if (workshop.cgroup !== undefined && workshop.cgroup.controllers.includes('pids')) {
      argv.push('--use_cgroupv2', '--cgroupv2_mount', workshop.cgroup.path, '--cgroup_pids_max', '1024');
    }
    argv.push('--', '/bin/tiny');
    return {
      version: await versionOf(path),
      differs: 'no overlay (read-only root and a tmpfs on /tmp); its policy is compiled at every start',
      lane: await withPlankMounted(workshop, commandLane({ argv })),
    };
  },
};

/** It has no option that prints a version. */
async function versionOf(path: string): Promise<string> {
  const help = await runProgram(path, ['--help']).catch(String);
  return /version\s+\S+/i.exec(help)?.[0] ?? 'nsjail';
}
