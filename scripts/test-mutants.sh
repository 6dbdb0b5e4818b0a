#!/bin/sh
# npm run test:mutants: prepares the clone, then runs scripts/mutants.mjs.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs test
exec node scripts/mutants.mjs "$@"
