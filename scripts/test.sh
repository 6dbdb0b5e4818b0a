#!/bin/sh
# npm test: prepares the clone, then runs every suite; "npm test -- rooms" runs one of them.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs test
exec node scripts/run-tests.mjs "$@"
