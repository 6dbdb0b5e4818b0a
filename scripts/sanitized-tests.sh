#!/bin/sh
# The room suite with AddressSanitizer and UndefinedBehaviorSanitizer in the addon (its parent side: what runs between
# clone and execve, and room-init, are never instrumented).
set -eu
cd "$(dirname "$0")/.."
sh scripts/native-build.sh build-asan -DANCHOR_SANITIZE=address,undefined >&2
ANCHOR_ROOMS_ADDON=$PWD/build-asan/Release/anchor_rooms.node
# The addon comes after the program has started, so the run-time library must be there before. Leaks are not asked
# for: V8 leaves its heap to the kernel at exit.
LD_PRELOAD=$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)
ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export ANCHOR_ROOMS_ADDON LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS
set -- 'test/room/**/*.test.ts' '!test/room/unit/**'
# Not whole: without what is decided in TypeScript, and takes ways through the addon that others take.
[ "${ANCHOR_TESTS:-}" = whole ] || for name in bad-spec bad-command diagnostics environment host-plank identity-host outcome plank-idle services vault \
  vault-planks; do
  set -- "$@" "!test/room/$name.test.ts"
done
exec node node_modules/ava/entrypoints/cli.mjs --tap --concurrency=1 "$@"
