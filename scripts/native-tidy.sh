#!/bin/sh
# clang-tidy with the compile commands of the CMake build, one process for each core.
set -eu
cd "$(dirname "$0")/.."
sh scripts/native-build.sh build-native -DANCHOR_TESTS=ON
files=$(git ls-files -- 'native/*.cc')
[ -n "$files" ] || { echo 'no native files' >&2; exit 1; }
# The commands are g++'s; clang does not know these options of it.
commands=.cache/tidy
mkdir -p "$commands"
sed 's/ -fno-tree-loop-distribute-patterns//g; s/ -Wno-restrict//g' build-native/compile_commands.json > "$commands/compile_commands.json"
# The analyzer gives up on long functions earlier than it would by itself: half the time of the files that have them.
[ "${ANCHOR_TESTS:-}" = whole ] ||
  set -- --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=20000
status=0
printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$commands" "$@" 2> "$commands/stderr.log" || status=$?
# Findings are on stdout; all that is left of stderr is what else went wrong.
grep -v 'warnings\? generated' "$commands/stderr.log" >&2 || true
exit "$status"
