import type { CheckedSpec } from '../spec/checked.js';
import { resolveBlockDevice } from './block-device.js';
import { limitWrites, reportFiles, watchFiles } from './cgroup-writes.js';
import type { Host } from './host.js';
import { idsPerRoom } from './ids.js';
import { resolveMounts } from './mount-sources.js';
import type { RoomPlaces } from './places.js';
import type { ResolutionNote, ResolvedCgroup, ResolvedRoom } from './resolved-room.js';
import { resolveUser } from './user.js';

/** All ids but (uid_t) -1. */
const hostIds = 4_294_967_295;

/**
 * Looks up what a checked spec needs to know of the host. Throws RoomError (or SpecRangeError) for what this host cannot
 * give. When it succeeds, the room holds a place: give it back once the room is removed.
 */
export async function resolveRoom(
  spec: CheckedSpec,
  host: Host,
  places: RoomPlaces = host.places,
): Promise<ResolvedRoom> {
  // First what needs no look-up: a limit that cannot be enforced is told before a plank is mounted.
  const cgroup = resolveCgroup(spec, host);
  const [plank, { mounts, notes }] = await Promise.all([
    host.planks.open(spec.plank, spec.plankDigest),
    resolveMounts(spec.mounts, spec.identity, host),
  ]);
  const mapped = spec.identity === 'mapped';
  const user = await resolveUser(spec.user, (path) => plank.read(path), mapped ? idsPerRoom : hostIds);
  const covers = mapped ? host.covers.mapped : host.covers.host;
  const said = [...host.notes, ...(mapped && !plank.idmap ? [plankNote] : []), ...notes];
  // Last, because nothing can fail any more: what is taken must have an owner.
  const place = places.take(spec.identity);
  return {
    spec,
    place,
    plank: { lower: plank.lower, idmap: mapped && plank.idmap, binds: plank.binds },
    mounts,
    covers,
    pidMax: host.pidMax,
    // With the ids of the host the files would be those of its root.
    seesCgroup: mapped && host.seesCgroup,
    user,
    cgroup,
    notes: said,
    identity: place.identity,
  };
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
