# Platform, drivers, firmware and wireless cards of this machine, from runtime-info.json.
{ config, lib, ... }:

let
  inherit (config.dabei) host;
  isPhysical = host.machine.virtualization == false;
  microcodeFor =
    vendor: host.machine.cpuVendor == vendor && config.hardware.enableRedistributableFirmware;

  # Names and passphrases of wireless networks are not there: dabei wrote them to /var/lib/iwd, which only root can read, and where iwd
  # looks for them.
  wifi = host.wifi or null;
  # As in dabei.nix.
  own = if host.flake != null then lib.mkForce else lib.id;
  # Nothing is said about single interfaces, so every card asks for addresses (network.nix).
  asksEverywhere = host.network.interfaces == [ ] && config.networking.useNetworkd;
  cable = config.systemd.network.networks."10-ethernet";
  # A cable is preferred: networkd's own metric is 1024.
  metric.RouteMetric = 1025;
in
{
  nixpkgs.hostPlatform = lib.mkDefault host.system;

  # Drivers for stage 1: for the disks, and for the network while it asks for the passphrase.
  boot.initrd.availableKernelModules = host.modules.disks ++ host.modules.network;

  # Many network cards need firmware; virtual machines need neither firmware nor microcode, unless one was given a wireless card. These
  # options stay undefined in virtual machines, so that they do not conflict with the defaults of a hardware-configuration.nix.
  hardware.enableRedistributableFirmware = lib.mkIf (isPhysical || wifi != null) (lib.mkDefault true);
  hardware.cpu.amd.updateMicrocode = lib.mkIf (microcodeFor "AMD") (lib.mkDefault true);
  hardware.cpu.intel.updateMicrocode = lib.mkIf (microcodeFor "Intel") (lib.mkDefault true);

  # Your own flake may join networks in another way, which then is yours to set up: of two daemons, NixOS would refuse both.
  networking.wireless.iwd = lib.mkIf (wifi != null && !config.networking.wireless.enable) {
    enable = lib.mkDefault true;
    settings.General = lib.optionalAttrs (wifi.country != null) { Country = lib.mkDefault wifi.country; };
  };
  # Stage 1 has no Wi-Fi, and no such unit.
  systemd.network.networks = lib.mkIf (wifi != null && asksEverywhere) (own {
    "10-wireless" = {
      matchConfig.Type = "wlan";
      inherit (cable) networkConfig dhcpV6Config;
      dhcpV4Config = cable.dhcpV4Config // metric;
      ipv6AcceptRAConfig = metric;
    };
  });

  # Kernel messages appear on all of these consoles; the last one is /dev/console.
  boot.kernelParams = map (console: "console=${console}") host.consoles ++ host.kernelParams or [ ];
}
