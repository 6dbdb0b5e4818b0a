#!/bin/sh
# Rooms on a newer Node, with the addon as the older one built it: that is what Node-API promises.
set -eu
cd "$(dirname "$0")/.."
node=$(sh scripts/newer-node.sh)
set -- 'test/addon/**/*.test.ts' 'test/cli/room/**/*.test.ts' 'test/room/**/*.test.ts'
# Whole: all but what is about system calls, the kernel and Nix, which are the same with each.
[ "${ANCHOR_TESTS:-}" != whole ] ||
  set -- 'test/**/*.test.ts' '!test/vm/**' '!test/package/**' '!test/compat/**' '!test/story/**' '!test/fault/**' '!test/escape/**' '!test/flake/**'
exec "$node" node_modules/ava/entrypoints/cli.mjs --tap "$@"
