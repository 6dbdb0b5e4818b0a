#!/bin/sh
# npm start: prepares the clone, then shows what a room is.
set -eu
cd "$(dirname "$0")/.."
node scripts/setup.mjs start
exec node examples/tour.mjs
