#!/bin/sh
# Makes the directory of the offline flake: sh nix/offline/prepare.sh DIRECTORY. Needs busybox-static and squashfs-tools.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${1:?usage: prepare.sh DIRECTORY}
mkdir -p "$target/lib" "$target/tools/bin" "$target/tools/lib"
cp "$here/flake.nix" "$here/catalog.nix" "$here/anchor.env.json" "$target/"
cp "$here"/../lib/*.nix "$target/lib/"
cp -L "$(command -v busybox)" "$target/tools/busybox"
cp -L "$(command -v mksquashfs)" "$target/tools/bin/mksquashfs"
# The loader among them. libgcc_s is opened at the end of threads, so that ldd does not see it.
for library in $(ldd "$(command -v mksquashfs)" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p') \
  /lib/x86_64-linux-gnu/libgcc_s.so.1; do
  cp -L "$library" "$target/tools/lib/"
done
