import { run } from './run.mjs';
import { fingerprint, isStamped, writeStamp } from './stamp.mjs';

// Inside node_modules, so that it goes when they go.
const stamp = 'node_modules/.anchor-setup';

/** `npm ci` when node_modules is not what package-lock.json says. */
export function ensureModules() {
  const value = fingerprint(['package-lock.json']);
  if (isStamped(stamp, value)) return;
  run('installing node modules', 'npm', ['ci', '--no-audit', '--no-fund'], { env: cleanEnvironment() });
  writeStamp(stamp, value);
}

// `npm test` sets npm_* variables that describe *its* run; an npm inside it must not take them for its own settings.
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|node_execpath|execpath)/.test(name),
  );
  return Object.fromEntries(kept);
}
