import { findProgram, runProgram } from '../workshop/programs.js';
import { type Contender, commandLane } from './contender.js';
import { shellQuoted, withPlankMounted } from './private-mounts.js';

/** The sandbox of programming contests (IOI). */
export const isolate: Contender = {
  name: 'isolate',
  async prepare(workshop) {
    const path = await findProgram('isolate');
    const argv = [path, '--silent', '--no-default-dirs', '--processes=64'];
    argv.push(`--dir=bin=${workshop.mountPoint}/bin`, '--dir=proc=proc:fs', '--run', '--', '/bin/tiny');
    return {
      version: (await runProgram(path, ['--version'])).split('\n')[0] ?? '',
      differs: 'its box was made before; no overlay, seccomp, uts or cgroup namespace, no cgroup; uid switch',
      lane: await withPlankMounted(workshop, commandLane({ argv }), { more: boxFor(path) }),
    };
  },
};

/** One box for the whole lane, where the host does not see it: judges of contests make one for each submission. */
function boxFor(path: string): string[] {
  const places = '/var/local/lib/isolate /var/lib/isolate';
  return [
    `for place in ${places}; do test ! -d "$place" || mount --no-mtab -t tmpfs tmpfs "$place"; done`,
    `${shellQuoted(path)} --init > /dev/null`,
  ];
}
