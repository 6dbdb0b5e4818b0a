#!/bin/sh
# The C++ unit tests with ThreadSanitizer in the parent side. Names of tests may follow.
set -eu
cd "$(dirname "$0")/.."
# Without the addon, so without cmake-js, which would say where the headers of Node are.
cmake -S . -B build-tsan -DANCHOR_TESTS=ON -DANCHOR_SANITIZE=thread -DCMAKE_BUILD_TYPE=Release -DCMAKE_JS_INC=/nowhere \
  -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$PWD/build-tsan/Release" >&2
cmake --build build-tsan --target native-tests --parallel "$(nproc)" >&2
export TSAN_OPTIONS=second_deadlock_stack=1
# ThreadSanitizer of GCC 12 wants addresses where kernels with vm.mmap_rnd_bits above 28 do not put them.
exec setarch --addr-no-randomize ctest --test-dir build-tsan --output-on-failure --no-tests=error "$@"
