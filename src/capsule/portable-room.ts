import { createHash } from 'node:crypto';
import { RoomError } from '../errors.js';
import type { PlankFormat } from '../plank/header.js';
import { parseRoomSpec } from '../spec/parse.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { payloadPlaces } from './layout.js';
import { portableMounts, vaultSources } from './portable-mounts.js';

/** What the plank of a capsule is called, whatever it was called before. */
export function plankName(format: PlankFormat): string {
  return format === 'squashfs' ? 'plank.sqsh' : 'plank.erofs';
}

/**
 * A spec as a capsule has it: its plank is the one in the capsule, by digest, and what it mounts of a vault are weights of the capsule. What
 * would be another thing on another machine is refused: directories of the host, its own tree as a plank, descriptors of a process.
 *
 * @param weights names of those that travel.
 * @throws SpecTypeError, SpecRangeError for what is no spec; RoomError ERR_COURIER_SOURCE for what does not travel.
 */
export function portableRoom(
  spec: unknown,
  plank: { readonly format: PlankFormat; readonly sha256: string },
  weights: readonly string[],
): RoomSpec {
  const { mounts, stdio } = parseRoomSpec(spec);
  const host = mounts.find((mount) => mount.kind === 'host');
  if (host !== undefined)
    throw staysHere(
      `mounts[${host.index}]`,
      'a directory of this host',
      'put what the room needs into its plank, or take it as weights',
    );
  if (stdio.kind === 'streams' && stdio.streams.some(({ kind }) => kind === 'fd'))
    throw staysHere('stdio', 'a descriptor of this process', "use 'pipe' or 'ignore'");
  const room = spec as RoomSpec;
  const absent = vaultSources(room).find(({ name }) => !weights.includes(name));
  if (absent !== undefined)
    throw staysHere(
      absent.field,
      'a thing of a vault that does not travel',
      `pack it as weights named ${absent.name}`,
    );
  return {
    ...room,
    ...(room.mounts === undefined ? {} : { mounts: portableMounts(room.mounts) }),
    plank: `${payloadPlaces.plank}/${plankName(plank.format)}`,
    plankDigest: `sha256:${plank.sha256}`,
  };
}

function staysHere(field: string, what: string, hint: string): RoomError {
  return new RoomError('ERR_COURIER_SOURCE', `${field} of the spec is ${what}, which no capsule can hold`, {
    path: field,
    hint,
  });
}

/** room.json: the same text for the same spec, however its keys were ordered. Pure. */
export function roomText(room: RoomSpec): string {
  return specText(room);
}

function specText(spec: Partial<RoomSpec>): string {
  return `${JSON.stringify(inOrder(spec), null, 2)}\n`;
}

/**
 * What a receipt names a room by: SHA-256 of its spec as room.json has it, but without the plank, which has a digest of
 * its own, and with its mounts as they travel: the same run in another vault has the same digest.
 */
export function roomDigest(room: RoomSpec): string {
  const rest = {
    ...room,
    ...(room.mounts === undefined ? {} : { mounts: portableMounts(room.mounts) }),
  } as Partial<RoomSpec>;
  delete rest.plank;
  delete rest.plankDigest;
  return createHash('sha256').update(specText(rest)).digest('hex');
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
