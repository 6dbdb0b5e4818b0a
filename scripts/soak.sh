#!/bin/sh
# npm run soak: prepares the clone, then runs the soak of test/soak.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs test
exec node --expose-gc .build/test/soak/main.js "$@"
