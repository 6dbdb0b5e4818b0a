import { chooseCgroup } from '../host/cgroup.js';
import { readCgroupFacts } from '../host/cgroup-facts.js';
import { hostFiles } from '../host/files.js';
import { readProcessFacts } from '../host/process-facts.js';
import { hostReport as assemble, type HostReport } from '../host/report.js';
import { loadAddon } from './load.js';

/**
 * What rooms can use of this host, one line per capability: whether it is there, why not, and what to do about it. Tries
 * everything in throw-away processes and changes nothing. Rejects with ERR_ROOM_ADDON_LOAD or
 * ERR_ROOM_UNSUPPORTED_PLATFORM where nothing can be tried.
 */
export async function hostReport(): Promise<HostReport> {
  const { addon } = loadAddon();
  return assemble({
    probes: await addon.probeKernel(),
    facts: readProcessFacts(hostFiles, {
      uid: process.geteuid?.() ?? 0,
      searchPath: process.env['PATH'] ?? '',
    }),
    cgroup: chooseCgroup(readCgroupFacts(hostFiles, { pid: process.pid }), { delegate: true }),
  });
}
