#!/bin/sh
# npm run bench:check: prepares the clone, then looks for losses against bench/baseline.json.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs test
exec node .build/bench/check/main.js "$@"
