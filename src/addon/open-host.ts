import { randomBytes } from 'node:crypto';
import { isAbsolute, join } from 'node:path/posix';
import { RoomError } from '../errors.js';
import { chooseCgroup, type CgroupChoice } from '../host/cgroup.js';
import { readCgroupFacts } from '../host/cgroup-facts.js';
import { prepareCgroup } from '../host/cgroup-prepare.js';
import { hostFiles } from '../host/files.js';
import { createHost, type Host } from '../host/host.js';
import { IdRanges } from '../host/ids.js';
import type { HostVault } from '../host/vault.js';
import { PlankIdentities } from '../plank/digest.js';
import { readPlankHeader } from '../plank/header.js';
import { parseDuration, type Duration } from '../spec/duration.js';
import { child, keysOf, readFields, wrongValue } from '../spec/field.js';
import { readFlag, readInteger, readText } from '../spec/scalar.js';
import { loadAddon, packageRoot } from './load.js';
import { AnchorBinding } from './native-anchor.js';

/** How an Anchor uses its host. Plain JSON. */
export interface HostOptions {
  cgroup?: AnchorCgroupOptions;
  /** Threads that make rooms, 1 to 16. Default 2. */
  launchers?: number;
  /**
   * Rooms that are kept ready, 0 to 64; each makes one spawn two or three times as fast and takes 0.4 MB of kernel memory. They
   * are blank, but for up to half of them, which are put together for a spec that was spawned twice in a row. Made when no
   * spawn is under way. Default 8.
   */
  reserve?: number;
  /**
   * How long a plank that no room was made from stays mounted, and rooms of it wait that nobody asked for by a pool. Living rooms
   * keep what they are made of, and the next spawn mounts it again, which takes milliseconds. Default `1min`.
   */
  plankIdle?: Duration;
}

/** Where rooms get their cgroups. Default: in the cgroup of this process, as far as it may. */
export interface AnchorCgroupOptions {
  /** Absolute path of a cgroup v2 directory that was delegated to this process; see docs/cgroups.md. */
  parent?: string;
  /**
   * Consent to move this process one cgroup down (into `anchor-main`) while the Anchor is open, where that is what it
   * takes to have limits: a cgroup cannot both hold processes and hand out controllers. Default false.
   */
  delegate?: boolean;
}

/** An Anchor's means. */
export interface OpenedHost {
  readonly binding: AnchorBinding;
  readonly host: Host;
  /** Rooms to keep ready. */
  readonly reserve: number;
  /** Milliseconds after which what was made from a plank and is not used is given up. */
  readonly plankIdle: number;
  /** Puts back what opening changed. After the binding is closed. */
  readonly undo: () => Promise<void>;
}

const DEFAULT_LAUNCHERS = 2;
const MOST_LAUNCHERS = 16;
const DEFAULT_RESERVE = 8;
const MOST_RESERVE = 64;
const DEFAULT_PLANK_IDLE = '1min';

/** Checks the options, reads the host, loads the addon and starts its threads. All of it or nothing. */
export async function openHost(options: unknown, vault: HostVault | null = null): Promise<OpenedHost> {
  const { parent, delegate, launchers, reserve, plankIdle } = parseOptions(options);
  const { addon, init } = loadAddon();
  const facts = readCgroupFacts(hostFiles, { pid: process.pid, ...(parent === null ? {} : { parent }) });
  const chosen = chooseCgroup(facts, { delegate });
  if (parent !== null && chosen.kind === 'none') throw unusable(parent, chosen);
  const prepared = await prepareCgroup(chosen, process.pid);
  const { choice } = prepared;
  try {
    const cgroup =
      choice.kind === 'none' ? null : { path: subtreePath(choice.parent), controllers: choice.controllers };
    const binding = new AnchorBinding(addon, { init, launchers, cgroup }, plankIdle);
    const identities = new PlankIdentities();
    const host = createHost({
      native: binding,
      files: { ...hostFiles, version: (path) => addon.fileVersion(path) },
      vault,
      nixTools: join(packageRoot(), 'nix/room'),
      planks: { header: readPlankHeader, digest: (path) => identities.digest(path) },
      ids: new IdRanges({
        claim: (name) => addon.claimName(name),
        release: (claim) => addon.releaseName(claim),
      }),
      cgroup: { choice, directory: cgroup?.path ?? null },
      ownPidMax: addon.hasPidMax(),
    });
    return { binding, host, reserve, plankIdle, undo: () => prepared.undo() };
  } catch (error) {
    await prepared.undo();
    throw error;
  }
}

/** A name that no other Anchor has, and that tells an administrator whose it is. */
function subtreePath(parent: string): string {
  return `${parent}/anchor-${process.pid}-${randomBytes(4).toString('hex')}`;
}

function unusable(parent: string, choice: Extract<CgroupChoice, { kind: 'none' }>): RoomError {
  return new RoomError(choice.code, `cgroup.parent: ${choice.reason}`, { path: parent, hint: choice.remedy });
}

const optionKeys = keysOf<HostOptions>({ cgroup: true, launchers: true, reserve: true, plankIdle: true });
const cgroupKeys = keysOf<AnchorCgroupOptions>({ parent: true, delegate: true });

function parseOptions(options: unknown): {
  parent: string | null;
  delegate: boolean;
  launchers: number;
  reserve: number;
  plankIdle: number;
} {
  const fields = readFields(options, 'options', optionKeys);
  const cgroup = readFields(fields.cgroup === undefined ? {} : fields.cgroup, 'cgroup', cgroupKeys);
  return {
    parent: cgroup.parent === undefined ? null : readParent(cgroup.parent, child('cgroup', 'parent')),
    delegate: readFlag(cgroup.delegate, child('cgroup', 'delegate'), false),
    launchers:
      fields.launchers === undefined
        ? DEFAULT_LAUNCHERS
        : readInteger(fields.launchers, 'launchers', 1, MOST_LAUNCHERS),
    reserve:
      fields.reserve === undefined
        ? DEFAULT_RESERVE
        : readInteger(fields.reserve, 'reserve', 0, MOST_RESERVE),
    plankIdle: parseDuration(
      fields.plankIdle === undefined ? DEFAULT_PLANK_IDLE : fields.plankIdle,
      'plankIdle',
    ),
  };
}

function readParent(value: unknown, field: string): string {
  const path = readText(value, field);
  if (!isAbsolute(path)) throw wrongValue(field, 'an absolute path', path);
  return path.replace(/(?<=.)\/+$/, '');
}
