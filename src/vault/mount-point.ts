import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RoomError } from '../errors.js';

/** Whether something is mounted at a directory: it is on another device than the directory above it. */
export async function isMountPoint(path: string): Promise<boolean> {
  if (path === '/') return true;
  const [own, above] = await Promise.all([stat(path), stat(dirname(path))]);
  return own.dev !== above.dev || own.ino === above.ino;
}

/** A directory that waits for a disk is no place for a vault: all that is written there is gone from sight when the disk comes. */
export async function requireMounted(path: string, expected: boolean): Promise<void> {
  if (await isMountPoint(path)) return;
  const listed = await isListed(path);
  if (!expected && !listed) return;
  throw new RoomError(
    'ERR_VAULT_NOT_MOUNTED',
    `${path} should be a disk of its own (${listed ? '/etc/fstab' : 'anchor-vault.json or an option'} says so), and nothing is mounted there`,
    { path, hint: `mount ${path}` },
  );
}

async function isListed(path: string): Promise<boolean> {
  const text = await readFile('/etc/fstab', 'utf8').catch(() => '');
  return mountPoints(text).includes(path);
}

/** The second field of each line of an fstab(5). Pure. */
export function mountPoints(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => unescapeField(line.split(/\s+/)[1] ?? ''))
    .filter((point) => point.startsWith('/'))
    .map((point) => (point === '/' ? point : point.replace(/\/+$/, '')));
}

/** Spaces and the like are written as octal numbers there. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
