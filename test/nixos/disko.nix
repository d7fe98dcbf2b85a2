# What disko's module makes of a layout (disko-layouts/): the scripts as text, and what the system mounts. Nothing is built.
{
  nixpkgs,
  disko,
  layout,
  # A file with a function from the flake to what dabei wants of it (agent/plan/disko/expression.ts).
  expression,
}:

let
  system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = null;
    modules = [
      (disko + "/module.nix")
      {
        disko.devices = (import ./disko-layouts).${layout};
        nixpkgs.hostPlatform = "x86_64-linux";
        system.stateVersion = "25.11";
        boot.loader.grub.enable = false;
      }
    ];
  };
  inherit (system) config pkgs;

  # Takes the place of what writes the scripts (nixpkgs, pkgs/build-support/writers/scripts.nix), which needs a builder.
  makeScriptWriter =
    { interpreter, ... }:
    _: content: "#! ${interpreter}\n${content}";
  scripts = config.disko.devices._scripts {
    pkgs = pkgs // {
      writers = pkgs.writers // {
        inherit makeScriptWriter;
      };
    };
  };
in
{
  script = builtins.unsafeDiscardStringContext scripts.diskoScriptNoDeps;
  withPrograms = builtins.unsafeDiscardStringContext scripts.diskoScript;
  deactivate = disko + "/disk-deactivate";
  # As agent/plan/disko/expression.ts has them.
  inherit (import expression { nixosConfigurations.web = system; }) layout;
}
