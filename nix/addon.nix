# The addon and room-init, as binding.gyp builds them. The only thing that this needs from npm are headers.
{ pkgs }:
let
  inherit (builtins) fromJSON readFile;
  inherit (fromJSON (readFile ../package.json)) version;
  headers = (fromJSON (readFile ../package-lock.json)).packages."node_modules/node-addon-api";
  nodejs = pkgs.nodejs_22;
  # npm knows where its registry is. What it packs of there is the file that package-lock.json has the hash of.
  tarball = pkgs.stdenvNoCC.mkDerivation {
    name = "node-addon-api-${headers.version}.tgz";
    nativeBuildInputs = [ nodejs ];
    NODE_EXTRA_CA_CERTS = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
    impureEnvVars = pkgs.lib.fetchers.proxyImpureEnvVars;
    buildCommand = ''
      HOME=$TMPDIR npm pack --silent node-addon-api@${headers.version}
      mv *.tgz $out
    '';
    outputHash = headers.integrity;
    outputHashAlgo = "sha512";
    outputHashMode = "flat";
  };
in
pkgs.stdenv.mkDerivation {
  pname = "anchor-rooms-addon";
  inherit version;
  nativeBuildInputs = [
    nodejs
    pkgs.python3
  ];
  # binding.gyp says what each part is compiled with; room-init has no libc that any of it could rest on.
  hardeningDisable = [ "all" ];
  buildCommand = ''
    cp -r ${../native} native
    cp ${../binding.gyp} binding.gyp
    mkdir -p node_modules/node-addon-api
    tar xzf ${tarball} --strip-components=1 -C node_modules/node-addon-api
    HOME=$TMPDIR node ${nodejs}/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js configure build --jobs=max --nodedir=${pkgs.srcOnly nodejs}
    mkdir $out
    cp build/Release/anchor_rooms.node build/Release/room-init $out
  '';
}
