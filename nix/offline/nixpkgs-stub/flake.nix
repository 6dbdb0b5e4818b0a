# Has the attributes of nixpkgs that the flakes here name, and nothing behind them: what they evaluate to shows that the flakes are
# well-formed, not that they build.
{
  outputs =
    { self }:
    {
      legacyPackages.x86_64-linux = import ./. { system = "x86_64-linux"; };
    };
}
