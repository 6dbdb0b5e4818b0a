# What a flake needs to become a plank, without nixpkgs:
#   system            e.g. "x86_64-linux"
#   tools.busybox     path of a busybox; the file has to be called "busybox", because the name chooses the applet
#   tools.mksquashfs  shell words that run mksquashfs
{ system, tools }:
rec {
  mkPlank = import ./mk-plank.nix { inherit system tools; };
  mkEnvironment = import ./mk-environment.nix { inherit system tools mkPlank; };
}
