# NixOS VM tests that install a real NixOS and start it from its disks alone.
{
  pkgs,
  packages,
  # nix/host-flake/dabei.nix
  module,
  # Store path of nixpkgs.
  source,
  # The flake disko, for the test with its script; null: there is no such test (nix/checks/disko/flake.nix).
  disko ? null,
}:

let
  inherit (pkgs) lib;

  # Configuration and runtime information of each machine. test/unit/plan/host-flake/checks.test.ts writes the file: it is what dabei
  # makes of a machine in QEMU with disks of these serial numbers.
  machines = lib.importJSON ./machines.json;

  check = arguments: import ./test.nix ({ inherit pkgs packages module source; } // arguments);
in
lib.mapAttrs' (name: machine: {
  name = "install-${name}";
  value = check { inherit name machine; };
}) machines
// {
  # dabei evaluates, fetches and builds on the machine. The binary cache has what that needs.
  install-flake = check {
    name = "flake";
    machine = machines.uefi-single;
    evaluates = true;
  };
}
// lib.optionalAttrs (disko != null) {
  install-disko = check {
    name = "disko";
    machine = machines.uefi-single;
    inherit disko;
  };
}
