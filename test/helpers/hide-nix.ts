import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';

/** Until the end of the test this process finds no Nix. */
export function hideNix(t: ExecutionContext): void {
  const before = process.env['PATH'];
  process.env['PATH'] = '/usr/sbin:/sbin';
  t.teardown(() => void (process.env['PATH'] = before));
  t.throws(() => execFileSync('nix', ['--version'], { stdio: 'ignore' }), { code: 'ENOENT' });
}
