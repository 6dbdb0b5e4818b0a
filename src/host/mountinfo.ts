/** One line of /proc/self/mountinfo; see proc_pid_mountinfo(5). */
export interface MountedFileSystem {
  /** `major:minor` of the file system; of btrfs not that of its disk. */
  readonly device: string;
  /** What was mounted, e.g. `/dev/sda1`. */
  readonly source: string;
  /** Which directory of the file system is mounted. */
  readonly root: string;
  /** Where. */
  readonly point: string;
  readonly readOnly: boolean;
  readonly type: string;
  /** Options of the file system itself: for cgroup v1 they name the controllers. */
  readonly options: readonly string[];
}

/** All mounts in the order they are listed; lines that make no sense are left out. */
export function parseMountinfo(text: string): MountedFileSystem[] {
  const mounts: MountedFileSystem[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    // Between the mount options and the dash stands any number of optional fields.
    const dash = fields.indexOf('-', 6);
    const [, , device, root, point, options] = fields;
    const type = fields[dash + 1];
    const source = fields[dash + 2];
    if (
      dash < 0 ||
      device === undefined ||
      source === undefined ||
      root === undefined ||
      point === undefined ||
      options === undefined ||
      !type
    )
      continue;
    const superOptions = fields[dash + 3]?.split(',') ?? [];
    mounts.push({
      device,
      source: unescapePath(source),
      root: unescapePath(root),
      point: unescapePath(point),
      readOnly: options.split(',').includes('ro') || superOptions.includes('ro'),
      type,
      options: superOptions,
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
