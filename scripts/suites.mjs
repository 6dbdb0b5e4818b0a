// Every suite and check by name: what `npm test` runs, and what only CI adds. ANCHOR_TESTS=whole: all of each; docs/testing.md.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/run.mjs';

// Folders of test/ whose tests make rooms (root, minutes). Every other folder with tests is the unit suite, and so are
// the folders `extra`; test/vm/guest runs in the guest only, test/compat and test/story need planks of their own.
const roomFolders = ['room', 'cli/room', 'replay', 'fault', 'escape'];
const apart = [...roomFolders, 'vm', 'package', 'compat', 'story', 'flake'];
const extra = ['room/unit', 'vm/harness'];

const whole = process.env['ANCHOR_TESTS'] === 'whole';

// What an older kernel, or cgroup v2, makes different; whole, the guest has all of test/room.
const guestRooms = [
  ...['devices', 'erofs', 'freeze', 'isolation', 'limits-refused', 'mount-targets', 'mounts'],
  ...['nested-cgroups', 'proc', 'root', 'vault-mounts'],
].map((name) => `test/room/${name}.test.ts`);
// What a newer kernel makes different in the guest's own tests: how limits are kept.
const newerGuestTests = whole
  ? ['test/vm/guest']
  : ['smoke', 'planks', 'memory', 'processes', 'delegation', 'cpu', 'disk'].map(
      (name) => `test/vm/guest/${name}.test.ts`,
    );
const guestTests = whole ? [] : [...guestRooms, 'test/vm/guest', 'test/vm/machine'];

const tool = (file, ...args) => [process.execPath, join('node_modules', file), ...args];
const tests = (folder) => `test/${folder}/**/*.test.ts`;
const ava = (folders, except = []) =>
  tool(
    'ava/entrypoints/cli.mjs',
    '--tap',
    ...folders.map(tests),
    ...except.map((folder) => `!${tests(folder)}`),
  );

/** Of fuzzing, and of the soak. */
const seconds = whole ? '120' : '60';

const unit = ava([...testFolders().filter((folder) => !apart.includes(folder)), ...extra], ['cli/room']);
const rooms = ava(roomFolders.filter(hasTests), ['room/unit']);

/**
 * `format` says how results are counted: `tap` and `ctest` by their reports, `exit` as one test.
 * `ci` marks what `npm test` leaves out.
 */
export const suites = [
  {
    name: 'unit',
    about: 'everything that needs no privileges, and the rules of the tree',
    format: 'tap',
    command: unit,
  },
  { name: 'rooms', about: 'real rooms on this host', format: 'tap', command: rooms },
  { name: 'flake', about: 'planks that Nix builds, without network', format: 'tap', command: ava(['flake']) },
  { name: 'native', about: 'C++ unit tests', format: 'ctest', command: ['sh', 'scripts/native-tests.sh'] },
  { name: 'types', about: 'the public types', format: 'exit', command: tool('tsd/dist/cli.js') },
  {
    name: 'package',
    about: 'the packed tarball, installed by a stranger',
    format: 'tap',
    command: ava(['package']),
  },
  {
    name: 'guest',
    about: 'rooms in a QEMU guest: Linux 6.1 with cgroup v2',
    format: 'tap',
    command: [process.execPath, 'scripts/vm/run.mjs', ...guestTests],
  },
  {
    name: 'guest-6.12',
    ci: true,
    about: 'what the older kernel cannot do',
    format: 'tap',
    command: [process.execPath, 'scripts/vm/run.mjs', '--kernel', '6.12', ...newerGuestTests],
  },
  {
    name: 'guest-usb',
    ci: true,
    about: 'a USB stick of the guest, pulled out in the middle',
    format: 'tap',
    command: [process.execPath, 'scripts/vm/run.mjs', '--usb'],
  },
  {
    name: 'compat',
    ci: true,
    about: 'programs of Debian in rooms with the default spec, and stories with them',
    format: 'tap',
    command: ['sh', 'scripts/compat-tests.sh'],
  },
  { name: 'eslint', ci: true, format: 'exit', command: tool('eslint/bin/eslint.js', '.') },
  { name: 'prettier', ci: true, format: 'exit', command: tool('prettier/bin/prettier.cjs', '--check', '.') },
  { name: 'clang-format', ci: true, format: 'exit', command: ['sh', 'scripts/native-format.sh'] },
  { name: 'clang-tidy', ci: true, format: 'exit', command: ['sh', 'scripts/native-tidy.sh'] },
  { name: 'typedoc', ci: true, format: 'exit', command: tool('typedoc/bin/typedoc') },
  {
    name: 'sanitized',
    ci: true,
    about: 'rooms, with ASan and UBSan in the addon',
    format: 'tap',
    command: ['sh', 'scripts/sanitized-tests.sh'],
  },
  {
    name: 'tsan',
    ci: true,
    about: 'C++ unit tests and many rooms at once, with ThreadSanitizer',
    format: 'ctest',
    command: ['sh', 'scripts/tsan-tests.sh'],
  },
  {
    name: 'fuzz',
    ci: true,
    about: 'inputs that nobody would send',
    format: 'tap',
    command: [process.execPath, 'scripts/fuzz.mjs', '--seconds', seconds],
  },
  {
    name: 'soak',
    ci: true,
    about: 'rooms that end in every way, and what they leave',
    format: 'tap',
    command: ['sh', 'scripts/soak.sh', '--seconds', seconds, '--tap'],
  },
  {
    name: 'bench-check',
    ci: true,
    about: 'no more system calls per room than in bench/baseline.json',
    format: 'tap',
    command: [process.execPath, '.build/bench/check/main.js', '--calls'],
  },
  {
    name: 'newer-node',
    ci: true,
    about: 'the same addon file, newer Node',
    format: 'tap',
    command: ['sh', 'scripts/newer-node-tests.sh'],
  },
];

function testFolders() {
  return readdirSync(join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter(hasTests);
}

function hasTests(folder) {
  const path = join(root, 'test', folder);
  return existsSync(path) && readdirSync(path, { recursive: true }).some((name) => name.endsWith('.test.ts'));
}
