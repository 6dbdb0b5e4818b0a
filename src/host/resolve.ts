import type { CheckedSpec, CheckedUser } from '../spec/checked.js';
import { child } from '../spec/field.js';
import { resolveBlockDevice } from './block-device.js';
import { limitWrites, reportFiles, watchFiles } from './cgroup-writes.js';
import type { Host } from './host.js';
import { idsPerRoom } from './ids.js';
import { resolveMounts } from './mount-sources.js';
import { locateNix, needsPlainProc, nixPlaces } from './nix.js';
import type { RoomPlace } from './places.js';
import type { OpenPlank } from './host-planks.js';
import type {
  ResolutionNote,
  ResolvedCgroup,
  ResolvedRoom,
  ResolvedService,
  ResolvedSpec,
  ResolvedUser,
  UsedGeneration,
} from './resolved-room.js';
import { resolveUser } from './user.js';
import { linkInVault, locateStored, requireVault } from './vault.js';

/** All ids but (uid_t) -1. */
const hostIds = 4_294_967_295;

/** Looks up a spec and takes a place for its room: to be given back once that is removed. */
export async function resolveRoom(spec: CheckedSpec, host: Host): Promise<ResolvedRoom> {
  const resolved = await resolveSpec(spec, host);
  // Last, because nothing can fail any more: what is taken must have an owner.
  return placeRoom(resolved, host.places.take(spec.identity));
}

export function placeRoom(resolved: ResolvedSpec, place: RoomPlace): ResolvedRoom {
  return { ...resolved, place, identity: place.identity };
}

/**
 * Looks up what a checked spec needs to know of the host. Throws RoomError (or SpecRangeError) for what this host cannot
 * give.
 */
export async function resolveSpec(spec: CheckedSpec, host: Host): Promise<ResolvedSpec> {
  // First what needs no look-up: a limit that cannot be enforced is told before a plank is mounted.
  requireVault(spec, host.vault);
  const cgroup = resolveCgroup(spec, host);
  const located = await locateNix(spec.nix, host.vault, host.nixTools);
  const [{ plank, named }, { mounts, notes, used }] = await Promise.all([
    openPlank(spec, host),
    resolveMounts([...located.mounts, ...spec.mounts], spec.identity, host),
  ]);
  const mapped = spec.identity === 'mapped';
  const { nix } = located;
  const inbox = nix?.inbox ?? null;
  const userOf = (asked: CheckedUser, field: string): Promise<ResolvedUser> =>
    resolveUser(asked, (path) => plank.read(path), mapped ? idsPerRoom : hostIds, field);
  const user = await userOf(spec.user, 'user');
  const services: ResolvedService[] = [];
  for (const service of spec.services) {
    const own =
      service.user === null ? user : await userOf(service.user, `${child('services', service.name)}.user`);
    services.push({ ...service, user: own });
  }
  const covers = mapped ? host.covers.mapped : host.covers.host;
  const said = [
    ...host.notes,
    ...(mapped && !plank.idmap ? [plankNote] : []),
    ...(needsPlainProc(nix, spec.identity) ? [procNote] : []),
    ...notes,
  ];
  return {
    spec,
    plank: { lower: plank.lower, idmap: mapped && plank.idmap, binds: plank.binds },
    mounts: [
      ...(needsPlainProc(nix, spec.identity) ? [{ kind: 'proc', at: nixPlaces.proc } as const] : []),
      ...(inbox === null ? [] : [{ kind: 'nix-inbox', at: nixPlaces.inbox, fd: -1 } as const]),
      ...mounts,
    ],
    nix,
    covers,
    pidMax: host.pidMax,
    // With the ids of the host the files would be those of its root.
    seesCgroup: mapped && host.seesCgroup,
    user,
    services,
    cgroup,
    used: [...named, ...used],
    notes: said,
  };
}

/**
 * The same for one more spec of the same room: looks only at what may have changed since. null: that is more than the
 * command.
 */
export async function resolveAgain(
  spec: CheckedSpec,
  host: Host,
  known: ResolvedSpec,
): Promise<ResolvedSpec | null> {
  if (spec.nix !== null || spec.mounts.some(({ kind }) => kind !== 'tmpfs') || spec.limits.io.length > 0)
    return null;
  const { plank } = await openPlank(spec, host);
  return plank.lower === known.plank.lower ? { ...known, spec } : null;
}

/** Mounts the plank of a spec, unless it is; what it is called in the vault is to be held. */
async function openPlank(
  { plank, plankDigest }: CheckedSpec,
  host: Host,
): Promise<{ readonly plank: OpenPlank; readonly named: readonly UsedGeneration[] }> {
  if (plank.kind !== 'vault') return { plank: await host.planks.open(plank, plankDigest), named: [] };
  if (host.vault === null) throw new Error('a spec that names a vault was not refused');
  const { reference, path } = await locateStored(host.vault, 'plank', plank.reference);
  if (host.files.realPath(path) !== path) throw linkInVault('plank', path);
  return {
    plank: await host.planks.open({ kind: 'image', path }, plankDigest),
    named: [{ field: 'plank', reference }],
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

const procNote: ResolutionNote = {
  field: 'nix.sandbox',
  text: `${nixPlaces.proc} and what builds see as /proc have no covers: they show locks of files of the whole host`,
};

const plankNote: ResolutionNote = {
  field: 'plank',
  text: 'its file system takes no idmapped mount: files of the plank appear owned by nobody',
};
