import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, root, run } from './run.mjs';

/** Installs the distribution packages of the groups where that is possible; otherwise says which are missing. */
export function ensurePackages(groups) {
  const wanted = readList().filter((entry) => groups.includes(entry.group));
  const missing = hasCommand('dpkg-query') ? notInstalled(wanted) : wanted;
  if (missing.length === 0) return;
  const names = missing.map((entry) => entry.name);
  if (process.getuid() === 0 && hasCommand('apt-get')) {
    install(names);
    return;
  }
  // The tool may be there without the package: from another distribution, or put there by hand.
  const absent = missing.filter((entry) => !hasCommand(entry.command));
  if (absent.length === 0) return;
  const lines = absent.map((entry) => `  ${entry.name.padEnd(18)} ${entry.why}`);
  throw new SetupError(
    `these packages are missing:\n${lines.join('\n')}\n` +
      `Install them as root: apt-get install -y ${absent.map((entry) => entry.name).join(' ')}\n` +
      '(or what your distribution calls them), then run this again.',
  );
}

function readList() {
  const text = readFileSync(join(root, 'scripts/packages.txt'), 'utf8');
  return [...text.matchAll(/^(\w+): (\S+) (\S+) — (.+)$/gm)].map(([, group, name, command, why]) => ({
    group,
    name,
    command,
    why,
  }));
}

function notInstalled(entries) {
  // One call for all: dpkg-query prints what it knows and exits with 1 for the rest.
  const query = spawnSync(
    'dpkg-query',
    ['-W', '-f=${Package} ${db:Status-Status}\n', ...entries.map((entry) => entry.name)],
    {
      encoding: 'utf8',
    },
  );
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return entries.filter((entry) => !installed.has(entry.name));
}

function install(names) {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const args = ['install', '-y', '-q', '--no-install-recommends', ...names];
  try {
    run(`installing ${names.join(', ')}`, 'apt-get', args, options);
  } catch {
    // A fresh container has no package lists, an old one has lists of packages that are gone.
    run('refreshing the package lists', 'apt-get', ['update', '-q'], options);
    run(`installing ${names.join(', ')}`, 'apt-get', args, options);
  }
}

function hasCommand(name) {
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':');
  return folders.some((folder) => {
    const file = join(folder, name);
    if (folder === '' || !existsSync(file)) return false;
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
