# Needs the network, for nixpkgs; nix/offline builds the same library without. docs/flakes.md says what was tried of either.
{
  description = "Disposable Linux rooms for Node.js";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ac62194c3917d5f474c1a844b6fd6da2db95077d"; # nixos-25.05
  outputs =
    { self, nixpkgs }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      rooms = import ./nix/lib {
        inherit system;
        tools = {
          busybox = "${pkgs.busybox}/bin/busybox";
          mksquashfs = "${pkgs.squashfsTools}/bin/mksquashfs";
        };
      };
      environment = rooms.mkEnvironment {
        name = "nix-room";
        declaration = ./nix/nix-room.env.json;
        catalog = pkgs;
      };
      train = pkgs.writeShellScriptBin "train" ''
        exec ${pkgs.python3}/bin/python3 ${./nix/templates/ai-flake/room/srv/train.py} "$@"
      '';
    in
    {
      lib.${system} = { inherit (rooms) mkPlank mkEnvironment; };
      packages.${system} = {
        default = environment.plank;
        inherit (environment) plank;
        # anchor_rooms.node and room-init, for ANCHOR_ROOMS_ADDON or build/Release.
        addon = import ./nix/addon.nix { inherit pkgs; };
      };
      checks.${system} = environment.checks // {
        inherit (environment) plank;
      };
      anchorEnvironment.${system} = environment.manifest;
      # To build the addon and run the tests.
      devShells.${system}.default = pkgs.mkShell {
        packages = [
          pkgs.nodejs_22
          pkgs.python3
          pkgs.gnumake
          pkgs.squashfsTools
          pkgs.erofs-utils
          pkgs.cmake
          pkgs.clang-tools
        ];
      };
      apps.${system}.train = {
        type = "app";
        program = "${train}/bin/train";
      };
      templates.ai-flake = {
        # As a string: in a store below another root Nix 2.8 takes a path for one outside of the store.
        path = "${self}/nix/templates/ai-flake";
        description = "PyTorch with CUDA in a room, with a train entry";
      };
      templates.default = self.templates.ai-flake;
    };
}
