import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Unavailable, findProgram, runProgram } from '../workshop/programs.js';
import type { Workshop } from '../workshop/workshop.js';
import { type Contender, commandLane } from './contender.js';
import { shellQuoted, withPlankMounted } from './private-mounts.js';

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
      differs: 'no user namespace; its own allow list of system calls; the same cgroup for all of its rooms',
      lane: await withPlankMounted(workshop, commandLane({ argv }), { more: await surroundings(workshop) }),
    };
  },
};

/** It makes cgroups beside the one it is started in, and directories below /run: where the bench removes them. */
async function surroundings({ cgroup }: Workshop): Promise<string[]> {
  if (cgroup === undefined) throw new Unavailable('needs a cgroup v2 that may be written');
  // Where there is a hierarchy of version 1 it makes cgroups there too, mounting it itself if it has to, and leaves them.
  const ofVersion1 = /^[1-9]\d*:/m.test(await readFile('/proc/self/cgroup', 'utf8'));
  if (ofVersion1) throw new Unavailable('it would leave cgroups in hierarchies of version 1 of this host');
  const home = shellQuoted(join(cgroup.path, 'nspawn'));
  return [`mkdir ${home}; echo $$ > ${home}/cgroup.procs`, 'mount --no-mtab -t tmpfs tmpfs /run'];
}
