import type { CgroupDirectory, CgroupFacts } from './cgroup-facts.js';
import { selfLeaf } from './cgroup-facts.js';
import {
  absent,
  crowded,
  needsConsent,
  unavailable,
  undelegated,
  type CgroupRefusal,
} from './cgroup-reasons.js';

/** The controllers that limits of a room need. */
export const limitControllers = ['cpu', 'io', 'memory', 'pids'] as const;

export type LimitController = (typeof limitControllers)[number];

/** Where an Anchor puts the cgroups of its rooms. */
export type CgroupChoice = CgroupSubtree | CgroupNone;

/** A subtree can be made. Even without a single controller it can kill, freeze and count CPU time. */
export interface CgroupSubtree {
  readonly kind: 'subtree';
  /** The Anchor makes its own directory in this one. */
  readonly parent: string;
  /** Those of `limitControllers` that rooms can have, once `preparation` is carried out. */
  readonly controllers: readonly LimitController[];
  /** The others, each with the reason. */
  readonly missing: Readonly<Partial<Record<LimitController, CgroupRefusal>>>;
  /** What has to be done first; null: nothing. */
  readonly preparation: CgroupPreparation | null;
  /** Whether memory.swap.max can be had. */
  readonly swap: boolean;
}

export interface CgroupPreparation {
  /** A leaf below `parent` for this process, when it is what keeps `parent` from handing out controllers. */
  readonly moveSelfTo: string | null;
  /** Controllers to switch on in cgroup.subtree_control of `parent`. */
  readonly enable: readonly LimitController[];
}

/** Rooms run in the cgroup of this process and cannot have limits. */
export interface CgroupNone extends CgroupRefusal {
  readonly kind: 'none';
}

/**
 * Decides. `delegate` is the consent to move this process: without it the choice is made from what is possible as we
 * stand, and `missing` says that consent would give more.
 */
export function chooseCgroup(
  facts: CgroupFacts,
  options: { readonly delegate?: boolean } = {},
): CgroupChoice {
  if (facts.mountPoint === null) return { kind: 'none', ...absent(facts) };
  const place = findPlace(facts);
  if ('code' in place) return { kind: 'none', ...place };
  const obstacle = findObstacle(place);
  if (obstacle !== null) return { kind: 'none', ...undelegated(facts, obstacle) };
  return chooseControllers(facts, place, options.delegate === true);
}

/** The directory that will hold the Anchor's own. */
function findPlace(facts: CgroupFacts): CgroupDirectory | CgroupRefusal {
  if (facts.asked !== null) {
    const { path, directory } = facts.asked;
    return directory ?? undelegated(facts, `${path} is not a directory of cgroup v2`);
  }
  // We are in the leaf that was made so that rooms live beside it.
  if (facts.above !== null && findObstacle(facts.above) === null) return facts.above;
  if (facts.own !== null) return facts.own;
  return undelegated(
    facts,
    facts.ownPath === null
      ? 'this process is in no cgroup that it can see'
      : `the cgroup of this process (${facts.ownPath}) is not below ${facts.mountPoint ?? ''}`,
  );
}

function findObstacle(directory: CgroupDirectory): string | null {
  if (!directory.writable) return `${directory.path} cannot be written`;
  if (!directory.reachable) return `this process may not put others below ${directory.path}`;
  if (directory.type !== 'domain') return `${directory.path} is a threaded cgroup (${directory.type})`;
  return null;
}

function chooseControllers(facts: CgroupFacts, place: CgroupDirectory, consent: boolean): CgroupSubtree {
  const way = findWay(facts, place, consent);
  const missing: Partial<Record<LimitController, CgroupRefusal>> = {};
  const enable: LimitController[] = [];
  for (const controller of limitControllers) {
    if (place.enabled.includes(controller)) continue;
    if (!place.controllers.includes(controller)) missing[controller] = unavailable(facts, place, controller);
    else if ('code' in way) missing[controller] = way;
    else enable.push(controller);
  }
  const moveSelfTo = 'code' in way ? null : way.moveSelfTo;
  return {
    kind: 'subtree',
    parent: place.path,
    controllers: limitControllers.filter((controller) => missing[controller] === undefined),
    missing,
    preparation: enable.length === 0 ? null : { moveSelfTo, enable },
    swap: facts.swapAccounting,
  };
}

/** How one more controller can be switched on at a place, if it can. */
function findWay(
  facts: CgroupFacts,
  place: CgroupDirectory,
  consent: boolean,
): { readonly moveSelfTo: string | null } | CgroupRefusal {
  if (!place.configurable)
    return undelegated(facts, `${place.path}/cgroup.subtree_control cannot be written`);
  if (place.root) return { moveSelfTo: null };
  if (place.processes === null) return crowded(facts, place, null);
  const others = place.processes.filter((pid) => pid !== facts.pid);
  if (others.length > 0) return crowded(facts, place, others.length);
  if (place.processes.length === 0) return { moveSelfTo: null };
  return consent ? { moveSelfTo: `${place.path}/${selfLeaf}` } : needsConsent(facts, place);
}
