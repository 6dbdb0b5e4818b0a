import type { Plan, RunningPlan } from '../../types/plan.js';
import type { ResolvedRoom } from '../host/resolved-room.js';
import { deepFreeze } from '../spec/freeze.js';
import { planKernelMounts, planLayer, planMounts } from './mounts.js';
import { capabilityMask, planCommand } from './process.js';

/**
 * Decides everything that is left to decide about a room. Pure: the same input gives the same plan, on any machine.
 * `seccomp` is the compiled filter, or null for a room without one.
 */
export function buildPlan(resolved: ResolvedRoom, seccomp: Uint8Array | null): RunningPlan {
  return planRun(buildWaitingPlan(resolved, seccomp), resolved);
}

/** The same for a room whose command is not known yet. */
export function buildWaitingPlan(resolved: ResolvedRoom, seccomp: Uint8Array | null): Plan {
  const { spec, place, plank, identity, cgroup } = resolved;
  return deepFreeze({
    planVersion: 1,
    id: place.id,
    prepared: place.prepared,
    hostname: spec.hostname,
    root: {
      lower: plank.lower,
      layer: planLayer(resolved.nix?.layer ?? null, identity),
      upperBytes: spec.limits.disk,
      upperInodes: spec.limits.files,
      readOnly: spec.readOnlyRoot,
      idmap: plank.idmap,
    },
    kernelMounts: planKernelMounts(identity, resolved.covers, resolved.seesCgroup),
    mounts: planMounts(resolved),
    identity,
    network: { kind: 'loopback' },
    pidMax: resolved.pidMax,
    cgroup: cgroup === null ? null : { ...cgroup, leaf: place.id },
    rlimits: spec.rlimits,
    seccomp,
    capabilities: capabilityMask(spec.capabilities),
    process: null,
    // What is forked ahead takes the first request, and that is one for a service where there are any.
    forksAhead: spec.stdio.kind !== 'pty' && spec.services.length === 0,
    lifetime: null,
  });
}

/** A waiting plan with its command. */
export function planRun(
  waiting: Plan,
  { spec, user, nix }: Pick<ResolvedRoom, 'spec' | 'user' | 'nix'>,
): RunningPlan {
  return deepFreeze({
    ...waiting,
    process: planCommand(spec, user, nix),
    forksAhead: false,
    lifetime: spec.lifetime,
  });
}
