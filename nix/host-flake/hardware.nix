# Platform, drivers and firmware of this machine, from runtime-info.json.
{ config, lib, ... }:

let
  inherit (config.dabei) host;
  isPhysical = host.machine.virtualization == false;
  microcodeFor =
    vendor: host.machine.cpuVendor == vendor && config.hardware.enableRedistributableFirmware;
in
{
  nixpkgs.hostPlatform = lib.mkDefault host.system;

  # Drivers for stage 1: for the disks, and for the network while it asks for the passphrase.
  boot.initrd.availableKernelModules = host.modules.disks ++ host.modules.network;

  # Many network cards need firmware; virtual machines need neither firmware nor microcode. These options stay undefined in
  # virtual machines, so that they do not conflict with the defaults of a hardware-configuration.nix.
  hardware.enableRedistributableFirmware = lib.mkIf isPhysical (lib.mkDefault true);
  hardware.cpu.amd.updateMicrocode = lib.mkIf (microcodeFor "AMD") (lib.mkDefault true);
  hardware.cpu.intel.updateMicrocode = lib.mkIf (microcodeFor "Intel") (lib.mkDefault true);

  # Kernel messages appear on all of these consoles; the last one is /dev/console.
  boot.kernelParams = map (console: "console=${console}") host.consoles ++ host.kernelParams or [ ];
}
