import type { IdentityPlan } from '../../types/plan.js';
import type { CheckedSpec } from '../spec/checked.js';
import { resolveBlockDevice } from './block-device.js';
import { limitWrites, reportFiles, watchFiles } from './cgroup-writes.js';
import type { Host } from './host.js';
import { idsPerRoom } from './ids.js';
import { resolveMounts } from './mount-sources.js';
import type { ResolutionNote, ResolvedCgroup, ResolvedRoom } from './resolved-room.js';
import { resolveUser } from './user.js';

/** All ids but (uid_t) -1. */
const hostIds = 4_294_967_295;

/**
 * Looks up what a checked spec needs to know of the host. Throws RoomError (or SpecRangeError) for what this host cannot
 * give. When it succeeds with a mapped identity, the room holds a range of ids: give `identity.base` back with
 * `host.ids.release` once the room is removed.
 */
export async function resolveRoom(spec: CheckedSpec, host: Host): Promise<ResolvedRoom> {
  // First what needs no look-up: a limit that cannot be enforced is told before a plank is mounted.
  const cgroup = resolveCgroup(spec, host);
  const [plank, { mounts, notes }] = await Promise.all([
    host.planks.open(spec.plank, spec.plankDigest),
    resolveMounts(spec.mounts, spec.identity, host),
  ]);
  const mapped = spec.identity === 'mapped';
  const user = await resolveUser(spec.user, (path) => plank.read(path), mapped ? idsPerRoom : hostIds);
  return {
    spec,
    id: host.newRoomId(),
    plank: { lower: plank.lower, idmap: mapped && plank.idmap, binds: plank.binds },
    mounts,
    covers: mapped ? host.covers.mapped : host.covers.host,
    user,
    cgroup,
    notes: [...hostNotes(host), ...(mapped && !plank.idmap ? [plankNote] : []), ...notes],
    // Last, because nothing can fail any more: a range that is taken must have an owner.
    identity: mapped ? takeIdentity(host) : { kind: 'host' },
  };
}

function takeIdentity(host: Host): IdentityPlan {
  return { kind: 'mapped', base: host.ids.take(), size: idsPerRoom };
}

function resolveCgroup(spec: CheckedSpec, host: Host): ResolvedCgroup | null {
  const { choice, directory } = host.cgroup;
  const writes = limitWrites(spec.limits, choice, (device, field) =>
    resolveBlockDevice(device, field, host.files),
  );
  if (choice.kind === 'none' || directory === null) return null;
  return { parent: directory, writes, report: reportFiles(choice), watch: watchFiles(choice) };
}

const plankNote: ResolutionNote = {
  field: 'plank',
  text: 'its file system takes no idmapped mount: files of the plank appear owned by nobody',
};

/** What cgroups do not give here, in one note. */
function hostNotes(host: Host): ResolutionNote[] {
  const { choice } = host.cgroup;
  if (choice.kind === 'none') {
    return [{ field: 'limits', text: `no cgroup of its own, so nothing is counted: ${choice.reason}` }];
  }
  const missing = Object.entries(choice.missing);
  if (missing.length === 0) return [];
  const reasons = missing.map(([controller, { reason }]) => `${controller} (${reason})`);
  return [{ field: 'limits', text: `neither limited nor counted: ${reasons.join(', ')}` }];
}
