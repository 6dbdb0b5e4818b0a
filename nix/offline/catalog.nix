# What anchor.env.json can name here.
{ system, tools }:
let
  package =
    name: version: script:
    derivation {
      inherit name version system;
      builder = tools.busybox;
      PATH = dirOf tools.busybox;
      args = [
        "sh"
        "-euc"
        script
      ];
    };
in
rec {
  busybox = package "busybox" "1" ''
    mkdir -p $out/bin
    cp ${tools.busybox} $out/bin/busybox
    for applet in $($out/bin/busybox --list); do [ $applet = busybox ] || ln -s busybox $out/bin/$applet; done
  '';
  hello = package "hello" "2" ''
    mkdir -p $out/bin
    printf '#!%s sh\necho "hello from $0"\n' ${busybox}/bin/busybox > $out/bin/hello
    chmod +x $out/bin/hello
  '';
  count = package "count" "1" ''
    mkdir -p $out/bin
    printf '#!%s sh\nseq 1 "$1"\n' ${busybox}/bin/busybox > $out/bin/count
    chmod +x $out/bin/count
  '';
}
