#!/bin/sh
# Programs of Debian in rooms, and stories that need them. Makes their planks first: downloads, and less than a minute, the first time.
set -eu
cd "$(dirname "$0")/.."
node scripts/compat/make-planks.mjs
exec node node_modules/ava/entrypoints/cli.mjs --tap 'test/compat/**/*.test.ts' 'test/story/**/*.test.ts'
