#!/bin/sh
# Unit and room suites on a newer Node, with the addon as the older one built it: that is what Node-API promises.
set -eu
cd "$(dirname "$0")/.."
node=$(sh scripts/newer-node.sh)
# Without test/fault, test/escape and test/flake, which are about system calls, the kernel and Nix: those are the same with each.
exec "$node" node_modules/ava/entrypoints/cli.mjs --tap '!test/vm/**' '!test/package/**' '!test/compat/**' '!test/story/**' '!test/fault/**' '!test/escape/**' '!test/flake/**' 'test/**/*.test.ts'
