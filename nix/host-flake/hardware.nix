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

  # Many network cards do not work without firmware; a virtual machine needs none, and no microcode.
  hardware.enableRedistributableFirmware = lib.mkDefault isPhysical;
  hardware.cpu.amd.updateMicrocode = lib.mkDefault (microcodeFor "AMD");
  hardware.cpu.intel.updateMicrocode = lib.mkDefault (microcodeFor "Intel");

  # Kernel messages go to all of them; the last one is /dev/console.
  boot.kernelParams = map (console: "console=${console}") host.consoles;
}
