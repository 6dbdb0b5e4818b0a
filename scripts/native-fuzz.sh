#!/bin/sh
# Builds the fuzz targets of test/fuzz/native into build-fuzz, with clang: libFuzzer is a part of it.
set -eu
cd "$(dirname "$0")/.."
cmake -S . -B build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DANCHOR_FUZZ=ON -DCMAKE_BUILD_TYPE=None -DCMAKE_JS_INC=/nowhere > /dev/null
exec cmake --build build-fuzz --target fuzz --parallel "$(nproc)"
