#!/bin/sh
# The C++ unit tests of test/native, by CTest.
set -eu
cd "$(dirname "$0")/.."
sh scripts/native-build.sh build-native -DANCHOR_TESTS=ON
exec ctest --test-dir build-native --output-on-failure --no-tests=error
