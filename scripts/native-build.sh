#!/bin/sh
# native-build.sh FOLDER [-DNAME=VALUE ...]: the CMake build, away from build/. Sanitizers, clang-tidy and the native
# unit tests use it; what is shipped comes from node-gyp.
set -eu
cd "$(dirname "$0")/.."
folder=$1
shift
options=
for option in "$@"; do options="$options --C${option#-}"; done
# shellcheck disable=SC2086 # options are words without spaces
node node_modules/cmake-js/bin/cmake-js build --out "$folder" --parallel "$(nproc)" --prefer-make --log-level warn $options
