#!/bin/sh
# clang-tidy with the compile commands of the CMake build, one process for each core.
set -eu
cd "$(dirname "$0")/.."
sh scripts/native-build.sh build-native -DANCHOR_TESTS=ON
files=$(git ls-files -- 'native/*.cc')
[ -n "$files" ] || { echo 'no native files' >&2; exit 1; }
printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p build-native
