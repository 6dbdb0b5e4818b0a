import type { LowerPlan } from '../../types/plan.js';
import type { ResolvedSpec } from '../host/resolved-room.js';
import type { CheckedSpec } from '../spec/checked.js';

/** All of a room that is decided before its command: two specs of one shape can use the same waiting room. */
export interface RoomShape {
  /** The plank as it is now: once its file is another one, this is another object. */
  readonly lower: LowerPlan;
  readonly filter: Uint8Array | null;
  /** room-init leads the session of a terminal, so that is made with the room. */
  readonly terminal: boolean;
  readonly rest: string;
}

export function shapeOf(resolved: ResolvedSpec, filter: Uint8Array | null): RoomShape {
  const { spec, plank, mounts, cgroup, nix, services } = resolved;
  const rest = [
    ...[spec.identity, spec.hostname, spec.readOnlyRoot, spec.capabilities, spec.rlimits],
    ...[spec.limits.disk, spec.limits.files, plank.idmap, mounts, cgroup, nix, services],
    // Who owns a source on the host appears as the user of the room.
    mounts.length === 0 ? null : resolved.user,
  ];
  return { lower: plank.lower, filter, terminal: isTerminal(spec), rest: JSON.stringify(rest) };
}

/** The shape of one more spec of the same room. */
export function shapeAgain(shape: RoomShape, spec: CheckedSpec): RoomShape {
  const terminal = isTerminal(spec);
  return terminal === shape.terminal ? shape : { ...shape, terminal };
}

function isTerminal({ stdio }: CheckedSpec): boolean {
  return stdio.kind === 'pty';
}

export function sameShape(a: RoomShape, b: RoomShape): boolean {
  if (a === b) return true;
  return a.terminal === b.terminal && a.lower === b.lower && a.filter === b.filter && a.rest === b.rest;
}

/** What lies on the host may be exchanged between the making of a room and its use: nobody makes that ahead unasked. */
export function dependsOnSources({ mounts }: ResolvedSpec): boolean {
  return mounts.some(({ kind }) => kind !== 'tmpfs');
}
