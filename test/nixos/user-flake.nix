# What an owner's flake may well say: a configuration written for another machine, with disks, boot loader, host id and
# network of its own. The host flake replaces them.
{ nixosSystem }:

{
  nixosConfigurations.web = nixosSystem {
    modules = [
      (
        { lib, pkgs, ... }:
        {
          boot.resumeDevice = "/dev/sda2";
          boot.initrd.luks.devices.root.device = "/dev/disk/by-uuid/c0ffee00-0000-4000-8000-000000000001";
          boot.zfs.requestEncryptionCredentials = [ "tank/root" ];
          boot.zfs.forceImportAll = true;
          hardware.enableRedistributableFirmware = lib.mkDefault true;
          hardware.cpu.amd.updateMicrocode = lib.mkDefault true;
          hardware.cpu.intel.updateMicrocode = lib.mkDefault true;
          nixpkgs.hostPlatform = "x86_64-linux";
          system.stateVersion = "25.11";
          boot.loader.grub = {
            enable = true;
            device = "/dev/sda";
            efiSupport = false;
          };
          boot.initrd.availableKernelModules = [ "ata_piix" ];
          fileSystems."/" = {
            device = "/dev/disk/by-uuid/c0ffee00-0000-4000-8000-000000000000";
            fsType = "ext4";
          };
          fileSystems."/boot" = {
            device = "/dev/sda1";
            fsType = "vfat";
          };
          swapDevices = [ { device = "/dev/sda2"; } ];
          networking = {
            hostName = "template";
            hostId = "00000000";
            interfaces.ens3.ipv4.addresses = [
              {
                address = "203.0.113.9";
                prefixLength = 24;
              }
            ];
            defaultGateway = "203.0.113.1";
            nameservers = [ "203.0.113.53" ];
          };
          services.openssh.enable = true;
          services.nginx.enable = true;
          environment.systemPackages = [ pkgs.htop ];
        }
      )
    ];
  };
  # networkd of its own, NetworkManager, systemd-boot, the older way to name the platform.
  nixosConfigurations.networkd = nixosSystem {
    system = "x86_64-linux";
    modules = [
      {
        boot.loader.systemd-boot.enable = true;
        boot.loader.efi.canTouchEfiVariables = true;
        fileSystems."/" = {
          device = "none";
          fsType = "tmpfs";
        };
        fileSystems."/nix" = {
          device = "/dev/vg/nix";
          fsType = "xfs";
        };
        networking.useNetworkd = true;
        networking.networkmanager.enable = true;
        systemd.network.networks."00-uplink" = {
          matchConfig.Name = "en*";
          networkConfig.DHCP = "yes";
        };
        nix.settings.experimental-features = "nix-command flakes";
        services.openssh.ports = [ 2022 ];
        system.stateVersion = "24.11";
      }
    ];
  };
}
