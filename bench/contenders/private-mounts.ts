import { Unavailable, findProgram } from '../workshop/programs.js';
import type { Workshop } from '../workshop/workshop.js';

export interface PrivateMounts {
  /** Commands that mount; they are run with `sh -e` after the plank is mounted. */
  readonly more?: readonly string[];
}

/**
 * Wraps the command line of a lane so that it runs in a mount namespace of its own with the plank on
 * `workshop.mountPoint`. The host sees none of these mounts, and they go away with the lane however it ends; so does
 * the loop device behind them.
 */
export async function withPlankMounted(
  workshop: Workshop,
  lane: readonly string[],
  { more = [] }: PrivateMounts = {},
): Promise<string[]> {
  const { mountPoint, plank } = workshop;
  const mountPlank = `mount --no-mtab -t squashfs -o loop,ro,nosuid,nodev ${shellQuoted(plank)} ${shellQuoted(mountPoint)}`;
  return withMounts([mountPlank, ...more], lane);
}

/** Wraps the command line of a lane so that the mount namespace it starts in has `count` more mounts than the host. */
export async function withExtraMounts(lane: readonly string[], count: number): Promise<string[]> {
  const commands = [
    'mount --no-mtab -t tmpfs tmpfs /mnt',
    'number=0',
    `while [ $number -lt ${count} ]; do`,
    '  number=$((number + 1)); mkdir "/mnt/$number"',
    '  mount --no-mtab --bind "/mnt/$number" "/mnt/$number"',
    'done',
  ];
  return withMounts(commands, lane);
}

async function withMounts(commands: readonly string[], lane: readonly string[]): Promise<string[]> {
  if (process.getuid?.() !== 0) throw new Unavailable('needs root to mount');
  const script = [...commands, 'exec "$@"'].join('\n');
  return [
    ...[await findProgram('unshare'), '--mount', '--propagation', 'private', '--'],
    ...['/bin/sh', '-ec', script, 'sh'],
    ...lane,
  ];
}

/**
 * A command after which a lane sees only cgroup v2: a host with v1 beside it (“hybrid”) is taken for v1 by many. By a bind
 * mount, because mounting cgroup2 anew would change the options of the hierarchy for the whole host.
 */
export function onlyUnifiedCgroups({ cgroup }: Pick<Workshop, 'cgroup'>): string[] {
  if (cgroup === undefined || cgroup.mount === '/sys/fs/cgroup') return [];
  return [`mount --no-mtab --bind ${shellQuoted(cgroup.mount)} /sys/fs/cgroup`];
}

/** A word for `sh`, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
