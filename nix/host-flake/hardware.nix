# What this machine is made of, from runtime-info.json.
{ config, lib, ... }:

let
  inherit (config.dabei) host;
  isPhysical = host.machine.virtualization == false;
  microcodeFor =
    vendor: host.machine.cpuVendor == vendor && config.hardware.enableRedistributableFirmware;
in
{
  nixpkgs.hostPlatform = lib.mkDefault host.system;

  # Drivers that stage 1 needs: to find the disks, and to be reachable while it asks for the passphrase.
  boot.initrd.availableKernelModules = host.modules.disks ++ host.modules.network;

  # Many network cards do not work without firmware; a virtual machine needs none, and no microcode. Nothing is said where
  # it is not needed: a hardware-configuration.nix of another machine has defaults of its own.
  hardware.enableRedistributableFirmware = lib.mkIf isPhysical (lib.mkDefault true);
  hardware.cpu.amd.updateMicrocode = lib.mkIf (microcodeFor "AMD") (lib.mkDefault true);
  hardware.cpu.intel.updateMicrocode = lib.mkIf (microcodeFor "Intel") (lib.mkDefault true);

  # Kernel messages go to all of them; the last one is /dev/console.
  boot.kernelParams = map (console: "console=${console}") host.consoles ++ host.kernelParams or [ ];
}
