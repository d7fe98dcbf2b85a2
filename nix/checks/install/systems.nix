# The systems that the tests install.
{
  pkgs,
  module,
  machine,
  publicKey,
  disko,
}:

let
  inherit (pkgs) lib;
  evaluate =
    modules:
    import (pkgs.path + "/nixos/lib/eval-config.nix") {
      system = null;
      inherit modules;
    };

  small =
    { modulesPath, ... }:
    {
      imports = [ (modulesPath + "/profiles/minimal.nix") ];
      nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
      system.stateVersion = machine.runtimeInfo.stateVersion;
    };
in
{
  # As in a repository for many machines (docs/fleets.md).
  prebuilt = evaluate [
    small
    module
    { dabei.host = machine.runtimeInfo // { rootAuthorizedKeys = [ publicKey ]; }; }
  ];

  # A flake of an owner who brings disko: nothing of dabei is in it.
  withDisko = evaluate [
    small
    disko.nixosModules.disko
    {
      disko.devices.disk.main = {
        device = (lib.head machine.runtimeInfo.disks).path;
        type = "disk";
        content = {
          type = "gpt";
          partitions = {
            ESP = {
              size = "512M";
              type = "EF00";
              content = {
                type = "filesystem";
                format = "vfat";
                mountpoint = "/boot";
                mountOptions = [ "umask=0077" ];
              };
            };
            root = {
              size = "100%";
              content = {
                type = "filesystem";
                format = "ext4";
                mountpoint = "/";
              };
            };
          };
        };
      };
      boot.loader.systemd-boot.enable = true;
      boot.initrd.availableKernelModules = [
        "virtio_blk"
        "virtio_pci"
      ];
      boot.kernelParams = [ "console=ttyS0" ];
      networking = {
        inherit (machine.config) hostName;
        useNetworkd = true;
        useDHCP = false;
      };
      systemd.network.networks."10-uplink" = {
        matchConfig.PermanentMACAddress = (lib.head machine.config.network.interfaces).mac;
        address = (lib.head machine.config.network.interfaces).addresses;
      };
      services.openssh = {
        enable = true;
        hostKeys = [
          {
            type = "ed25519";
            path = "/etc/ssh/ssh_host_ed25519_key";
          }
        ];
      };
      users.users.root.openssh.authorizedKeys.keys = [ publicKey ];
    }
  ];
}
