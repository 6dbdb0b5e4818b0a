# The same library as in the flake of this repository, with tools from Debian packages instead of nixpkgs: builds without any
# network. prepare.sh makes the directory that this file is for.
{
  description = "Planks without nixpkgs";
  outputs =
    { self }:
    let
      system = "x86_64-linux";
      # A store path of its own: an edit elsewhere in the flake leaves every derivation as it is.
      toolbox = builtins.path {
        path = ./tools;
        name = "room-tools";
      };
      tools = {
        busybox = "${toolbox}/busybox";
        mksquashfs = "${toolbox}/lib/ld-linux-x86-64.so.2 --library-path ${toolbox}/lib ${toolbox}/bin/mksquashfs";
      };
      rooms = import ./lib { inherit system tools; };
      catalog = import ./catalog.nix { inherit system tools; };
      environment = rooms.mkEnvironment {
        name = "offline-room";
        declaration = ./anchor.env.json;
        inherit catalog;
      };
    in
    {
      lib = { inherit (rooms) mkPlank mkEnvironment; };
      packages.${system} = catalog // {
        default = environment.plank;
        inherit (environment) plank;
      };
      checks.${system} = environment.checks;
      anchorEnvironment.${system} = environment.manifest;
    };
}
