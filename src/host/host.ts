import { randomBytes } from 'node:crypto';
import type { NativeAnchor } from '../../types/addon.js';
import type { CgroupChoice } from './cgroup.js';
import type { HostFiles, SourceFiles } from './files.js';
import { hostFiles, sourceFiles } from './files.js';
import { IdmapProbes } from './idmap-probes.js';
import type { IdRanges } from './ids.js';
import { HostPlanks, type PlankReaders, type PlankNative } from './host-planks.js';
import { FreshPlaces } from './places.js';
import { computeCovers, type Covers } from './proc-masks.js';
import { shareOfPids } from './pids.js';
import type { ResolutionNote } from './resolved-room.js';
import type { HostVault } from './vault.js';
import { WrittenTrees } from './written-trees.js';

/** What is asked of native code while a spec is resolved. */
export type HostNative = PlankNative & Pick<NativeAnchor, 'probeIdmap'>;

/** Where rooms get their cgroups. */
export interface HostCgroup {
  readonly choice: CgroupChoice;
  /** The Anchor's own directory, in which each room is a leaf; null when the choice is `none`. */
  readonly directory: string | null;
}

/** What one Anchor knows about the host, and its means to learn more. Nothing in it is shared between Anchors. */
export interface Host {
  readonly files: HostFiles;
  readonly sources: SourceFiles;
  readonly planks: HostPlanks;
  readonly idmaps: IdmapProbes;
  /** Where rooms of this Anchor may have left links. */
  readonly written: WrittenTrees;
  /** null: the Anchor was opened without one. */
  readonly vault: HostVault | null;
  /** Directory with the scripts of rooms with Nix: nix/room of this package. */
  readonly nixTools: string;
  readonly ids: IdRanges;
  /** Names and ids for rooms; whoever removes a room gives its place back. */
  readonly places: FreshPlaces;
  readonly cgroup: HostCgroup;
  readonly covers: Covers;
  /** For each room; null: this kernel has one for all. */
  readonly pidMax: number | null;
  /** Cgroups of rooms have controllers, so that there is something to see in them. */
  readonly seesCgroup: boolean;
  /** What every room of this host lacks. */
  readonly notes: readonly ResolutionNote[];
}

export interface HostParts {
  readonly native: HostNative;
  readonly planks: PlankReaders;
  /** Default: none. */
  readonly vault?: HostVault | null;
  readonly nixTools: string;
  readonly ids: IdRanges;
  readonly cgroup: HostCgroup;
  /** A PID namespace has a kernel.pid_max of its own. */
  readonly ownPidMax: boolean;
  /** Default: the real ones. */
  readonly files?: HostFiles;
  readonly sources?: SourceFiles;
}

/** Puts a Host together and reads what is read only once. */
export function createHost(parts: HostParts): Host {
  const files = parts.files ?? hostFiles;
  const sources = parts.sources ?? sourceFiles;
  return {
    files,
    sources,
    written: new WrittenTrees((path) => exists(sources, path)),
    planks: new HostPlanks(files, parts.planks, parts.native),
    idmaps: new IdmapProbes((path) => parts.native.probeIdmap(path)),
    vault: parts.vault ?? null,
    nixTools: parts.nixTools,
    ids: parts.ids,
    places: new FreshPlaces(parts.ids, randomBytes(4).toString('hex')),
    cgroup: parts.cgroup,
    covers: computeCovers(files),
    pidMax: parts.ownPidMax ? shareOfPids(files) : null,
    seesCgroup: parts.cgroup.choice.kind === 'subtree' && parts.cgroup.choice.controllers.length > 0,
    notes: cgroupNotes(parts.cgroup.choice),
  };
}

async function exists(sources: SourceFiles, path: string): Promise<boolean> {
  try {
    await sources.stat(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** What cgroups do not give here, in one note. */
function cgroupNotes(choice: CgroupChoice): ResolutionNote[] {
  if (choice.kind === 'none') {
    return [{ field: 'limits', text: `no cgroup of its own, so nothing is counted: ${choice.reason}` }];
  }
  const missing = Object.entries(choice.missing);
  if (missing.length === 0) return [];
  const reasons = missing.map(([controller, { reason }]) => `${controller} (${reason})`);
  return [{ field: 'limits', text: `neither limited nor counted: ${reasons.join(', ')}` }];
}
