# anchor.env.json -> a plank with what it declares. The declaration is data: agents and people edit it, this file reads it.
{
  system,
  tools,
  mkPlank,
}:
{
  name ? "environment",
  declaration, # path of anchor.env.json
  catalog, # attribute set of packages; "a.b" in the declaration is catalog.a.b
  # From declared names to [ { name, package } ], for flakes that put several names into one package.
  resolve ? null,
  base ? null, # tree below everything else
  level ? 9,
}:
let
  declared = builtins.fromJSON (builtins.readFile declaration);
  names = declared.packages or [ ];
  fail = message: throw "anchor.env.json: ${message}";

  # In the words that src/flake finds the line by: the name in quotes.
  lookup =
    name:
    let
      steps = builtins.filter builtins.isString (builtins.split "\\." name);
      known = builtins.attrNames catalog;
      among =
        if builtins.length known > 40 then "" else "; there are ${builtins.concatStringsSep ", " known}";
      step =
        set: key:
        if builtins.isAttrs set && set ? ${key} then set.${key} else fail "there is no package \"${name}\"${among}";
      found = builtins.foldl' step catalog steps;
    in
    if builtins.isAttrs found && found.type or null == "derivation" then
      found
    else
      fail "\"${name}\" is no package";
  each = name: {
    inherit name;
    package = lookup name;
  };
  resolved = if resolve == null then map each names else resolve { inherit names lookup each; };

  installed = map (
    { name, package }:
    {
      inherit name;
      version = package.version or null;
      path = builtins.unsafeDiscardStringContext "${package}";
    }
  ) resolved;
  manifest = {
    format = 1;
    declaration = declared;
    inherit installed;
  };

  run =
    label: attributes: script:
    derivation (
      {
        name = "${name}-${label}";
        inherit system;
        builder = tools.busybox;
        PATH = dirOf tools.busybox;
        args = [
          "sh"
          "-euc"
          script
        ];
      }
      // attributes
    );

  tree =
    run "tree"
      {
        packages = map ({ package, ... }: package) resolved;
        manifest = builtins.toJSON manifest;
        base = if base == null then "" else base;
      }
      ''
        mkdir $out
        if [ -n "$base" ]; then cp -a $base/. $out/; chmod -R u+w $out; fi
        cd $out
        mkdir -p bin etc/anchor root home usr var
        [ -e usr/bin ] || ln -s ../bin usr/bin
        [ -e usr/sbin ] || ln -s ../bin usr/sbin
        [ -e sbin ] || ln -s bin sbin
        for package in $packages; do
          for program in $package/bin/* $package/sbin/*; do
            [ -e "$program" ] || [ -L "$program" ] || continue
            name=$(basename "$program")
            if [ -L "bin/$name" ] || [ -e "bin/$name" ]; then
              echo "anchor.env.json: two packages have a program \"$name\": $(readlink "bin/$name" || echo the base) and $program" >&2
              exit 1
            fi
            ln -s "$program" "bin/$name"
          done
        done
        if [ ! -e etc/passwd ]; then
          echo root:x:0:0:root:/root:/bin/sh > etc/passwd
          echo nobody:x:65534:65534:nobody:/:/bin/false >> etc/passwd
          printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
        fi
        printf '%s\n' "$manifest" > etc/anchor/environment.json
      '';

  entries = declared.entry or { };
  services = builtins.attrValues (declared.services or { });
  commands =
    builtins.attrValues entries
    ++ map (service: service.command) services
    ++ builtins.filter (command: command != [ ]) (map (service: service.ready.command or [ ]) services);
  programs = map builtins.head commands;
in
{
  inherit manifest tree;
  plank = mkPlank {
    inherit name tree level;
    roots = map ({ package, ... }: package) resolved;
  };
  # That the first word of every entry and service is a program of the environment. One with a slash may be in a mount.
  checks.entries = run "entries" { inherit tree programs; } ''
    for program in $programs; do
      case $program in */*) continue ;; esac
      [ -e "$tree/bin/$program" ] || { echo "anchor.env.json: no package has a program \"$program\"" >&2; exit 1; }
    done
    echo > $out
  '';
}
