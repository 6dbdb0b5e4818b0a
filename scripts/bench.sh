#!/bin/sh
# npm run bench: prepares the clone, then runs the benchmarks of bench/.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs test
exec node .build/bench/main.js "$@"
