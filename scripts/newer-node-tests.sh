#!/bin/sh
# Unit and room suites on a newer Node, with the addon as the older one built it: that is what Node-API promises.
set -eu
cd "$(dirname "$0")/.."
node=$(sh scripts/newer-node.sh)
# Without test/fault, which is about system calls: they are the same addon's.
exec "$node" node_modules/ava/entrypoints/cli.mjs --tap '!test/vm/**' '!test/package/**' '!test/compat/**' '!test/story/**' '!test/fault/**' 'test/**/*.test.ts'
