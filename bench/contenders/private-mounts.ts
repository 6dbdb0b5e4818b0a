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
  if (process.getuid?.() !== 0) throw new Unavailable('needs root to mount the plank');
  const mountPlank = 'mount --no-mtab -t squashfs -o loop,ro,nosuid,nodev "$2" "$1"';
  const script = [mountPlank, ...more, 'shift 2', 'exec "$@"'].join('\n');
  return [
    ...[await findProgram('unshare'), '--mount', '--propagation', 'private', '--'],
    ...['/bin/sh', '-ec', script, 'sh', workshop.mountPoint, workshop.plank],
    ...lane,
  ];
}

/** A word for `sh`, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
