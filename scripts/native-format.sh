#!/bin/sh
# clang-format over every native file that git knows.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files -- ':!native/third_party' 'native/*.cc' 'native/*.h' 'test/native/*.cc' 'test/native/*.h' 'test/fuzz/*.cc' 'test/fuzz/*.h' 'bench/*.c' 'bench/*.h')
[ -n "$files" ] || { echo 'no native files' >&2; exit 1; }
# shellcheck disable=SC2086 # no file name has a space
exec clang-format --dry-run -Werror $files
