import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What changes by itself, and what a read makes anew. */
const restless =
  /^\/proc\/sys\/(fs\/(dentry-state|inode-|file-nr|aio-nr|quota)|kernel\/(random\/|ns_last_pid|pty\/nr|sched_)|vm\/stat_)/;

/**
 * Every setting of the host's kernel that a program could write as root, by its path: what an escape would change first.
 * Those of one's own network namespace are left out, because tests of networks make such namespaces.
 */
export function hostSettings(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (!restless.test(path)) found.set(path, valueOf(path));
    }
  };
  for (const tree of ['kernel', 'vm', 'fs', 'debug', 'abi', 'dev']) {
    try {
      walk(`/proc/sys/${tree}`);
    } catch {
      // A kernel without that part.
    }
  }
  for (const path of ['/proc/swaps', '/proc/cmdline', '/sys/kernel/uevent_helper', '/sys/power/state'])
    found.set(path, valueOf(path));
  return found;
}

/** Those that are not as they were. They are put back: what a hole did shall not outlive the test that found it. */
export function changedSettings(before: ReadonlyMap<string, string>): string[] {
  return [...before].flatMap(([path, value]) => {
    const now = valueOf(path);
    if (now === value) return [];
    try {
      writeFileSync(path, value);
    } catch {
      // Not one that can be written.
    }
    return [`${path}: ${value.trim()} became ${now.trim()}`];
  });
}

function valueOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
