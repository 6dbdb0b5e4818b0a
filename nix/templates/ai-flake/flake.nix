# PyTorch with CUDA in a room. lib/ is that of anchor-rooms; the driver's libraries come from the host, when the room is made.
{
  description = "Training in a room";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ac62194c3917d5f474c1a844b6fd6da2db95077d"; # nixos-25.05
  outputs =
    { self, nixpkgs }:
    let
      system = "x86_64-linux";
      # CUDA is not free software.
      pkgs = import nixpkgs {
        inherit system;
        config.allowUnfree = true;
      };
      rooms = import ./lib {
        inherit system;
        tools = {
          busybox = "${pkgs.busybox}/bin/busybox";
          mksquashfs = "${pkgs.squashfsTools}/bin/mksquashfs";
        };
      };
      prefix = "python3Packages.";
      isPython = name: builtins.substring 0 (builtins.stringLength prefix) name == prefix;
      inPython = name: builtins.substring (builtins.stringLength prefix) (-1) name;
      environment = rooms.mkEnvironment {
        name = "ai-room";
        declaration = ./anchor.env.json;
        catalog = pkgs;
        # Modules of Python are found by a Python that is made with them: one package for all.
        resolve =
          { names, lookup, each }:
          let
            modules = builtins.filter isPython names;
            # A name that is not there fails here, in words about anchor.env.json.
            checked = builtins.deepSeq (map (name: (lookup name).name) modules) modules;
            python = {
              name = builtins.concatStringsSep " " ([ "python3" ] ++ checked);
              package = pkgs.python3.withPackages (set: map (name: set.${inPython name}) checked);
            };
          in
          map each (builtins.filter (name: !(isPython name) && name != "python3") names) ++ [ python ];
        base = builtins.path {
          path = ./room;
          name = "ai-room-base";
        };
      };
      train = pkgs.writeShellScriptBin "train" ''
        export PATH=${environment.tree}/bin
        exec python3 ${./room/srv/train.py} "$@"
      '';
    in
    {
      packages.${system} = {
        default = environment.plank;
        inherit (environment) plank;
      };
      checks.${system} = environment.checks;
      anchorEnvironment.${system} = environment.manifest;
      devShells.${system}.default = pkgs.mkShell { packages = [ environment.tree ]; };
      apps.${system}.train = {
        type = "app";
        program = "${train}/bin/train";
      };
    };
}
