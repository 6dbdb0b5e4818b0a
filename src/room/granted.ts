import type { IdentityPlan, LowerPlan, MountPlan, Plan, RunningPlan } from '../../types/plan.js';
import type { ResolutionNote, ResolvedMount, ResolvedRoom } from '../host/resolved-room.js';
import { MOUNT_ATTR_NOEXEC, MOUNT_ATTR_RDONLY } from '../plan/mount-attributes.js';
import { capabilityNames, type CapabilityName } from '../spec/capabilities.js';

/** What a room really has, and how each guarantee is kept. Plain data, for people and frontends. */
export interface Granted {
  readonly plank: GrantedPlank;
  /** Kinds of namespaces of its own; see namespaces(7). */
  readonly namespaces: readonly string[];
  /** Ids 0 to `size` - 1 of the room are ids `base` to `base + size - 1` of the host, where they own nothing; or they are the host's own. */
  readonly identity: IdentityPlan;
  /** Of the command. */
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** Of the command, without the prefix CAP_. They count in the room's namespaces only. */
  readonly capabilities: readonly CapabilityName[];
  /** No program gets more rights by execve: PR_SET_NO_NEW_PRIVS. */
  readonly noNewPrivileges: true;
  /** The system call filter, which covers room-init as well; null: none. */
  readonly seccomp: { readonly profile: 'default' | 'oci'; readonly instructions: number } | null;
  /** `loopback`: one interface, `lo`. */
  readonly network: Plan['network']['kind'];
  readonly mounts: readonly GrantedMount[];
  /** The root is sealed. */
  readonly readOnlyRoot: boolean;
  /** Size of the writable layer, a tmpfs. */
  readonly disk: { readonly bytes: number; readonly files: number };
  /** The cgroup of the room and what was written to it; null: it runs in the cgroup of this process, without limits. */
  readonly cgroup: { readonly path: string; readonly limits: Readonly<Record<string, string>> } | null;
  /**
   * kernel.pid_max of the room: so many numbers there are for its processes and threads, those that nobody has waited for included.
   * null: it shares those of the host, and only `limits.processes` keeps it from taking them all.
   */
  readonly pidMax: number | null;
  /** Milliseconds, enforced by native code; null: no deadline. */
  readonly lifetime: number | null;
  /** Where this host makes a guarantee weaker than it could be, or keeps it in another way. */
  readonly notes: readonly ResolutionNote[];
}

/** What the root is made of. */
export interface GrantedPlank {
  /** Path of the image, or `host`. */
  readonly source: string;
  /** `planks/name@generation` of one that the vault has. */
  readonly vault: string | null;
  readonly format: 'squashfs' | 'erofs' | 'host';
  /** `loop`: through a loop device; `file`: the kernel reads the file itself; `tree`: made in memory. */
  readonly attach: 'loop' | 'file' | 'tree';
  /** Its files have the ids of the room; otherwise they appear owned by nobody. */
  readonly idmap: boolean;
}

/** One mount, in the order in which they were made. */
export interface GrantedMount {
  readonly at: string;
  readonly kind: MountPlan['kind'];
  /** For a bind: the path on the host. */
  readonly source: string | null;
  /** `kind/name@generation` of what the vault has; the kind alone of what is to come into it. */
  readonly vault: string | null;
  readonly access: 'read' | 'write';
  readonly noExec: boolean;
}

/** Reads it off the plan, so that it can claim nothing else. */
export function describeGrant(resolved: ResolvedRoom, plan: RunningPlan): Granted {
  const { uid, gid, groups } = plan.process;
  const { cgroup } = plan;
  return {
    plank: {
      ...describePlank(plan.root.lower, plan.root.idmap),
      vault: resolved.used.find(({ field }) => field === 'plank')?.reference ?? null,
    },
    namespaces: [
      ...['mnt', 'pid', 'ipc', 'uts', 'net'],
      ...(cgroup === null ? [] : ['cgroup']),
      ...(plan.identity.kind === 'mapped' ? ['user'] : []),
    ],
    identity: plan.identity,
    user: { uid, gid, groups },
    capabilities: resolved.spec.capabilities.flatMap((number) => capabilityNames[number] ?? []),
    noNewPrivileges: true,
    seccomp:
      plan.seccomp === null
        ? null
        : {
            profile: resolved.spec.seccomp.kind === 'default' ? 'default' : 'oci',
            instructions: plan.seccomp.byteLength / BYTES_PER_INSTRUCTION,
          },
    network: plan.network.kind,
    mounts: [...plan.kernelMounts, ...plan.mounts].map((mount) => describeMount(mount, resolved.mounts)),
    readOnlyRoot: plan.root.readOnly,
    disk: { bytes: plan.root.upperBytes, files: plan.root.upperInodes },
    cgroup:
      cgroup === null
        ? null
        : {
            path: `${cgroup.parent}/${cgroup.leaf}`,
            limits: Object.fromEntries(cgroup.writes.map(({ file, value }) => [file, value])),
          },
    pidMax: plan.pidMax,
    lifetime: plan.lifetime,
    notes: resolved.notes,
  };
}

/** struct sock_filter, linux/filter.h. */
const BYTES_PER_INSTRUCTION = 8;

function describePlank(lower: LowerPlan, idmap: boolean): Omit<GrantedPlank, 'vault'> {
  return lower.kind === 'image'
    ? { source: lower.path, format: lower.format, attach: lower.attach, idmap }
    : { source: 'host', format: 'host', attach: 'tree', idmap };
}

function describeMount(mount: MountPlan, resolved: readonly ResolvedMount[]): GrantedMount {
  const known = resolved.find(({ at }) => at === mount.target);
  const attributes = 'attributes' in mount ? mount.attributes : 0;
  const sealed = mount.kind === 'mask' || mount.kind === 'read-only';
  return {
    at: mount.target,
    kind: mount.kind,
    source: mount.kind === 'bind' ? mount.source : null,
    vault: known?.kind === 'stored' ? known.reference : known?.kind === 'dropzone' ? known.vault : null,
    access: sealed || (attributes & MOUNT_ATTR_RDONLY) !== 0 ? 'read' : 'write',
    noExec: (attributes & MOUNT_ATTR_NOEXEC) !== 0,
  };
}
