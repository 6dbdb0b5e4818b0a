import { RoomError } from '../errors.js';
import { parseRoomSpec } from '../spec/parse.js';
import type { RoomSpec } from '../spec/room-spec.js';

/**
 * What the spec of a capsule asks for beyond what every room has: it was written by whoever packed it, and being whole does not make it
 * harmless. Names of fields. Throws SpecTypeError or SpecRangeError for what is no spec.
 */
export function rightsAskedFor(spec: RoomSpec): readonly string[] {
  const { identity, capabilities, seccomp, mounts, nix } = parseRoomSpec(spec);
  return [
    ...(identity === 'host' ? ['identity'] : []),
    ...(capabilities.length > 0 ? ['capabilities'] : []),
    ...(seccomp.kind === 'default' && seccomp.allow.length === 0 ? [] : ['seccomp']),
    // Others build with what it has built.
    ...(nix === null ? [] : ['nix']),
    // What it leaves there becomes a generation of whatever name it chooses.
    ...mounts.flatMap((mount) => (mount.kind === 'dropzone' ? [`mounts[${mount.index}].access`] : [])),
  ];
}

/** Throws ERR_COURIER_RIGHTS for a spec that asks for more than every room has. */
export function refuseRights(spec: RoomSpec, path: string): void {
  const fields = rightsAskedFor(spec);
  if (fields.length === 0) return;
  throw new RoomError(
    'ERR_COURIER_RIGHTS',
    `the room of the capsule asks for more than a room has by itself: ${fields.join(', ')}`,
    { path, hint: 'Read data/room/room.json of it, and grant it if you trust who packed it (--grant).' },
  );
}
