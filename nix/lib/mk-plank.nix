# A closure and a base tree -> one squashfs, the same bytes wherever it is built. /nix/registration says of every store path in
# it what `nix-store --load-db` wants to know, so that Nix in the room takes the paths for its own.
{ system, tools }:
{
  name ? "nix-room",
  roots, # derivations and store paths; all that they refer to goes along
  tree ? null, # becomes / below the store
  level ? 9, # of zstd
}:
derivation {
  inherit system roots;
  name = "${name}.sqsh";
  builder = tools.busybox;
  # The one way to hash and size of each path: exportReferencesGraph alone gives references only.
  __structuredAttrs = true;
  exportReferencesGraph.closure = roots;
  args = [
    "sh"
    "-euc"
    ''
      export PATH=${dirOf tools.busybox}
      # NIX_ATTRS_JSON_FILE of Nix 2.8 is a path outside of the sandbox; the file is here.
      attrs=$(cat .attrs.json)
      out=$(echo "$attrs" | sed 's/.*"outputs":{"out":"\([^"]*\)".*/\1/')
      mkdir -p root/nix/store root/nix/var/nix root/proc root/sys root/dev root/tmp root/run root/vault
      ${if tree == null then "" else ''
        cp -a ${tree}/. root/
        chmod -R u+w root
      ''}
      chmod 1777 root/tmp
      # Members of the closure are the only objects with a narHash, and have no objects in them.
      echo "$attrs" | grep -o '{[^{}]*"narHash"[^{}]*}' > members
      field() { echo "$member" | sed "s/.*\"$1\":\"*\([^\",}]*\)\"*[,}].*/\1/"; }
      while read -r member; do
        path=$(field path)
        references=$(echo "$member" | sed 's/.*"references":\[\([^]]*\)\].*/\1/; s/"//g; s/,/ /g')
        set -- $references
        # Path, hash, size, no deriver (it would name paths outside of the closure), number of references, references.
        echo "$path $(field narHash) $(field narSize) - $# $references"
      done < members | sort > lines
      while read -r path hash size deriver count references; do
        printf '%s\n%s\n%s\n\n%s\n' "$path" "$hash" "$size" "$count"
        for each in $references; do echo "$each"; done
        cp -a "$path" root/nix/store/
      done < lines > root/nix/registration
      # As src/plank/pack.ts has them: hard links depend on whether the store was optimised, times on the machine.
      ${tools.mksquashfs} root $out -noappend -no-recovery -exit-on-error -quiet -no-progress \
        -comp zstd -Xcompression-level ${toString level} -all-time 1 -mkfs-time 1 -root-time 1 \
        -root-mode 0755 -all-root -no-xattrs -no-hardlinks
    ''
  ];
}
