# Evaluates what dabei prints under the names of nixos-generate-config and nixos-facter as a part of a small system, without the
# network. Yields what test/nixos/hardware.ts asserts.
{
  nixpkgs,
  # Path of a hardware-configuration.nix, or of a facter.json.
  file,
  facter ? false,
}:

let
  system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = null;
    modules = [
      (if facter then { hardware.facter.reportPath = file; } else file)
      {
        system.stateVersion = "25.11";
        fileSystems."/" = {
          device = "/dev/disk/by-partlabel/disk-main-root";
          fsType = "ext4";
        };
        boot.loader.grub.device = "nodev";
        boot.initrd.network.enable = true;
      }
    ];
  };
  inherit (system) config;
in
{
  toplevel = config.system.build.toplevel.drvPath;
  inherit (config) warnings;
  failedAssertions = map (entry: entry.message) (
    builtins.filter (entry: !entry.assertion) config.assertions
  );
  platform = config.nixpkgs.hostPlatform.system;
  inherit (config.boot) kernelModules;
  stage1 = config.boot.initrd.availableKernelModules ++ config.boot.initrd.kernelModules;
  microcode = {
    amd = config.hardware.cpu.amd.updateMicrocode;
    intel = config.hardware.cpu.intel.updateMicrocode;
  };
  firmware = config.hardware.enableRedistributableFirmware;
  hyperV = config.virtualisation.hypervGuest.enable;
  inherit (config.networking) useDHCP;
}
