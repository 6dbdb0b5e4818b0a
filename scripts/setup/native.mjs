import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run } from './run.mjs';
import { fingerprint, isStamped, writeStamp } from './stamp.mjs';

const stamp = 'build/.anchor-setup';
const outputs = ['build/Release/anchor_rooms.node', 'build/Release/room-init'];

/** node-gyp, when a native source, the build description, node-addon-api or the Node version has changed. */
export function ensureNative() {
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/node-addon-api/package.json'), 'utf8'),
  );
  const value = fingerprint(['native', 'binding.gyp'], [process.version, version]);
  if (isStamped(stamp, value) && outputs.every((file) => existsSync(join(root, file)))) return;
  // "configure build" compiles only what changed; make knows the headers that each object came from.
  const args = [
    'node_modules/node-gyp/bin/node-gyp.js',
    'configure',
    'build',
    '--jobs=max',
    ...headersOption(),
  ];
  run('compiling the addon and room-init', process.execPath, args);
  writeStamp(stamp, value);
}

/** Headers that are on the machine already; without any, node-gyp fetches those of this Node version itself. */
export function headersOption() {
  const candidates = [configuredNodedir(), dirname(dirname(process.execPath)), '/usr'];
  const found = candidates.find(
    (folder) => folder !== undefined && existsSync(join(folder, 'include/node/common.gypi')),
  );
  return found === undefined ? [] : [`--nodedir=${found}`];
}

function configuredNodedir() {
  if (process.env['npm_config_nodedir']) return process.env['npm_config_nodedir'];
  const answer = spawnSync('npm', ['config', 'get', 'nodedir'], { encoding: 'utf8' }).stdout?.trim();
  return answer === undefined || answer === '' || answer === 'undefined' ? undefined : answer;
}
