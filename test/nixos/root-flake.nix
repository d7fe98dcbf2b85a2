# Evaluates every output of the root flake against a nixpkgs tree, without the network.
#   nix-instantiate --eval --strict --json test/nixos/root-flake.nix --arg nixpkgs PATH
{ nixpkgs }:

let
  lib = import (nixpkgs + "/lib");
  system = "x86_64-linux";
  nixosSystem = args: import (nixpkgs + "/nixos/lib/eval-config.nix") ({ system = null; } // args);
  outputs = (import ../../flake.nix).outputs {
    self = outputs;
    nixpkgs = {
      legacyPackages.${system} = import nixpkgs { inherit system; };
      lib = lib // {
        inherit nixosSystem;
      };
    };
  };
  paths = lib.mapAttrs (_: package: package.drvPath);
  infra = (import ../../nix/infra/flake.nix).outputs {
    nixpkgs.lib = lib // {
      inherit nixosSystem;
    };
  };
in
{
  packages = paths outputs.packages.${system};
  apps = lib.mapAttrs (_: app: app.program) outputs.apps.${system};
  checks = paths outputs.checks.${system};
  nixosModules = lib.mapAttrs (_: builtins.pathExists) outputs.nixosModules;
  template = builtins.pathExists (outputs.templates.default.path + "/flake.nix");
  emptyInfra = infra.nixosConfigurations;
}
