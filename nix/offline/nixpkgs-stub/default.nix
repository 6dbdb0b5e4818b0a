{
  system,
  config ? { },
}:
let
  stub =
    name:
    derivation {
      inherit name system;
      version = "0";
      builder = "/stub/of/nixpkgs";
    };
  mkDerivation =
    attributes:
    derivation (
      {
        name = "${attributes.pname}-${attributes.version}";
        inherit system;
        builder = "/stub/of/nixpkgs";
      }
      // attributes
    );
  names = [
    "bashInteractive"
    "busybox"
    "cacert"
    "clang-tools"
    "cmake"
    "coreutils"
    "erofs-utils"
    "gitMinimal"
    "gnumake"
    "nix"
    "nodejs_22"
    "squashfsTools"
  ];
  plain = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = stub name;
    }) names
  );
  # Not free: refused without the config that the template gives, as in nixpkgs.
  unfree = name: if config.allowUnfree or false then stub name else throw "${name} is not free";
  modules = {
    numpy = stub "numpy";
    torch-bin = unfree "torch-bin";
  };
in
plain
// {
  python3Packages = modules;
  python3 = stub "python3" // {
    withPackages =
      choose:
      derivation {
        name = "python3-with";
        inherit system;
        builder = "/stub/of/nixpkgs";
        modules = choose modules;
      };
  };
  srcOnly = package: stub "source-of-${package.name}";
  lib.fetchers.proxyImpureEnvVars = [ "https_proxy" ];
  stdenv = { inherit mkDerivation; };
  stdenvNoCC = { inherit mkDerivation; };
  mkShell =
    { packages }:
    derivation {
      name = "shell";
      inherit system packages;
      builder = "/stub/of/nixpkgs";
    };
  writeShellScriptBin =
    name: text:
    derivation {
      inherit name system text;
      builder = "/stub/of/nixpkgs";
    };
}
