# Evaluates every output of the root flake against a nixpkgs tree, without the network.
#   nix-instantiate --eval --strict --json test/nixos/root-flake.nix --arg nixpkgs PATH
{
  nixpkgs,
  # A tree of disko, for the check that needs it.
  disko ? null,
  # The checks are for x86_64-linux.
  system ? "x86_64-linux",
}:

let
  lib = import (nixpkgs + "/lib");
  nixosSystem = args: import (nixpkgs + "/nixos/lib/eval-config.nix") ({ system = null; } // args);
  inputs.nixpkgs = {
    outPath = "/nix/store/00000000000000000000000000000000-source";
    legacyPackages.${system} = import nixpkgs { inherit system; };
    lib = lib // {
      inherit nixosSystem;
    };
  };
  outputs = (import ../../flake.nix).outputs (inputs // { self = outputs; });
  paths = lib.mapAttrs (_: package: package.drvPath);
  checks =
    outputs.checks.${system} or { }
    // lib.optionalAttrs (disko != null)
      ((import ../../nix/checks/disko/flake.nix).outputs {
        nix-dabei = outputs // {
          outPath = ../..;
        };
        inherit (inputs) nixpkgs;
        disko.nixosModules.disko = disko + "/module.nix";
      }).checks.${system};
  infra = (import ../../nix/infra/flake.nix).outputs {
    nixpkgs.lib = lib // {
      inherit nixosSystem;
    };
  };
in
{
  packages = paths outputs.packages.${system};
  apps = lib.mapAttrs (_: app: app.program) outputs.apps.${system};
  checks = paths checks;
  # In Python; test/nixos/README.md says how to look at them.
  scripts = lib.mapAttrs (_: check: check.config.testScriptString) checks;
  nixosModules = lib.mapAttrs (_: module: builtins.isAttrs module || builtins.pathExists module) outputs.nixosModules;
  template = builtins.pathExists (outputs.templates.default.path + "/flake.nix");
  emptyInfra = infra.nixosConfigurations;
}
