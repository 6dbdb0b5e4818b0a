import type { Plan } from '../../types/plan.js';
import type { ResolvedRoom } from '../host/resolved-room.js';
import { deepFreeze } from '../spec/freeze.js';
import { planMounts } from './mounts.js';
import { planCommand } from './process.js';

/**
 * Decides everything that is left to decide about a room. Pure: the same input gives the same plan, on any machine.
 * `seccomp` is the compiled filter, or null for a room without one.
 */
export function buildPlan(resolved: ResolvedRoom, seccomp: Uint8Array | null): Plan {
  const { spec, id, plank, identity, cgroup } = resolved;
  return deepFreeze({
    planVersion: 1,
    id,
    hostname: spec.hostname,
    root: {
      lower: plank.lower,
      upperBytes: spec.limits.disk,
      upperInodes: spec.limits.files,
      readOnly: spec.readOnlyRoot,
      idmap: plank.idmap,
    },
    mounts: planMounts(resolved),
    identity,
    network: { kind: 'loopback' },
    cgroup: cgroup === null ? null : { ...cgroup, leaf: id },
    rlimits: spec.rlimits,
    seccomp,
    process: planCommand(spec, resolved.user),
    lifetime: spec.lifetime,
  });
}
