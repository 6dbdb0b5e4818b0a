// What could be left of a room: mounts, loop devices, cgroups, processes. Everything is named, so that it can be compared.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of all that is there now, by kind. */
export function takeStock() {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(Boolean),
    'loop devices': readdirSync('/sys/block').filter((name) =>
      existsSync(`/sys/block/${name}/loop/backing_file`),
    ),
    'cgroups of Anchors': cgroups(),
    'processes of this program': descendants(process.pid),
  };
}

/** Waits until nothing is there that was not there before, up to a limit: the kernel removes some things a moment later. */
export async function whatIsLeft(before, milliseconds) {
  for (const end = Date.now() + milliseconds; ;) {
    const after = takeStock();
    const left = Object.entries(after).flatMap(([kind, names]) =>
      names.filter((name) => !before[kind].includes(name)).map((name) => `${kind}: ${name}`),
    );
    if (left.length === 0 || Date.now() > end) return { after, left };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function cgroups() {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').matchAll(/^\S+ (\S+) cgroup2 /gm);
  return [...mounts].flatMap(([, root]) =>
    below(root).filter((path) => /\/(anchor|room)-[0-9a-f]+-/.test(path)),
  );
}

function below(directory) {
  let entries = [];
  try {
    entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    // It went away while we looked.
  }
  return entries.flatMap(({ name }) => [join(directory, name), ...below(join(directory, name))]);
}

/** Children of children too; zombies count. */
function descendants(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, command, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat);
      parents.set(Number(name), { parent: Number(parent), command });
    } catch {
      // It ended while we looked.
    }
  }
  const isOurs = (id) => id === pid || (parents.has(id) && isOurs(parents.get(id).parent));
  return [...parents]
    .filter(([id]) => id !== pid && isOurs(id))
    .map(([id, { command }]) => `${id} ${command}`);
}
