import test from 'ava';
import { lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

// Two packages, the second of which depends on the first by its file; packed, then installed without a network.
const line = `
set -e
mkdir -p /tmp/left /tmp/right /tmp/app && cd /tmp/left
echo '{ "name": "left", "version": "1.0.0", "bin": { "left": "cli.js" } }' > package.json
echo 'module.exports = (text) => text.padStart(6, "-");' > index.js
printf '#!/usr/bin/env node\\nconsole.log(require("./index.js")(process.argv[2]));\\n' > cli.js
npm pack --silent --pack-destination /tmp
cd /tmp/right
echo '{ "name": "right", "version": "2.0.0", "dependencies": { "left": "file:/tmp/left-1.0.0.tgz" } }' > package.json
echo 'module.exports = require("left")("right");' > index.js
npm pack --silent --pack-destination /tmp
cd /tmp/app
echo '{ "name": "app", "private": true, "scripts": { "start": "left run" } }' > package.json
npm install --offline --no-audit --no-fund --silent /tmp/right-2.0.0.tgz
node -p 'require("right")'
npm run --silent start
npx --offline left npx
npm ls --all --parseable | sort
`;

for (const user of ['root', 'app'])
  test(`npm as ${user}: pack, install from tarballs, run`, async (t) => {
    // npm wants a place for its cache and logs; the home of a user who is not root belongs to root in a plank.
    const output = await rooms.output(t, line, { user, env: { HOME: '/tmp' } });
    t.deepEqual(lines(output), [
      'left-1.0.0.tgz',
      'right-2.0.0.tgz',
      '-right',
      '---run',
      '---npx',
      '/tmp/app',
      '/tmp/app/node_modules/left',
      '/tmp/app/node_modules/right',
    ]);
  });

test('npm says that there is no network instead of hanging', async (t) => {
  const { outcome, stderr } = await rooms.anchor.run(
    rooms.shell('cd /tmp && npm view left --fetch-retries=0', { env: { HOME: '/tmp' } }),
  );
  t.is(outcome.exitCode, 1);
  t.regex(stderr, /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ENETUNREACH/);
});
