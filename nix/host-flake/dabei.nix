# File systems, boot loader and SSH of this machine, from runtime-info.json.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config.dabei) host;

  # Where the system comes from a flake of your own, these settings replace what it says, each as a whole: with half
  # of another machine's disks or addresses this one would not start. Otherwise they are ordinary definitions.
  wraps = host.flake != null;
  own = if wraps then lib.mkForce else lib.id;

  initrdSsh = config.boot.initrd.network.ssh;

  byPartuuid = partuuid: "/dev/disk/by-partuuid/${partuuid}";
  uefi = host.firmware == "uefi";
  redundant = lib.length host.disks > 1;

  # As many generations as find room on the ESP of 512 MiB, each with a kernel and an initrd of its own.
  limit = 5;
in
{
  imports = [
    ./hardware.nix
    ./network.nix
    ./network-scripted.nix
    ./impermanence.nix
  ];

  options.dabei.host = lib.mkOption {
    type = lib.types.attrs;
    default = lib.importJSON ./runtime-info.json;
    defaultText = lib.literalExpression "lib.importJSON ./runtime-info.json";
    description = "What dabei found out about this machine when it installed it, and which disks it made.";
  };

  config = {
    assertions = [
      {
        assertion = !wraps || (config.environment.persistence or { }) == { };
        message =
          "environment.persistence mounts what it keeps by way of fileSystems, which are this machine's own here: nothing "
          + "would be kept. Leave it out; system.impermanence of dabei's configuration keeps directories in its place.";
      }
    ];

    # ZFS imports a pool only under the host id that it was last used with.
    networking.hostId = own host.hostId;

    services.openssh = {
      enable = lib.mkDefault true;
      ports = lib.mkDefault [ host.sshPort ];
      hostKeys = lib.mkDefault (
        map (type: {
          inherit type;
          path = "/etc/ssh/ssh_host_${type}_key";
        }) host.sshHostKeys
      );
      settings = {
        PasswordAuthentication = lib.mkDefault false;
        KbdInteractiveAuthentication = lib.mkDefault false;
      };
    };

    users.users.root.openssh.authorizedKeys.keys = host.rootAuthorizedKeys;

    fileSystems = own (
      lib.listToAttrs (
        map (dataset: {
          name = dataset.mountpoint;
          value = {
            device = dataset.name;
            fsType = "zfs";
            neededForBoot = lib.elem dataset.mountpoint [
              "/"
              "/nix"
              "/persist"
            ];
          };
        }) host.pool.datasets
        ++ map (disk: {
          name = disk.espMountpoint;
          value = {
            device = byPartuuid disk.espPartuuid;
            fsType = "vfat";
            # The initrd holds the host key of stage 1. Of several disks, one may be gone.
            options = [ "umask=0077" ] ++ lib.optional redundant "nofail";
          };
        }) host.disks
      )
    );

    # A new random key at every boot: nothing that was swapped out can be read later.
    swapDevices = own (
      map (disk: {
        device = byPartuuid disk.swapPartuuid;
        randomEncryption.enable = true;
        options = [ "nofail" ];
      }) (lib.filter (disk: disk.swapPartuuid != null) host.disks)
    );

    boot = {
      supportedFilesystems = [ "zfs" ];
      zfs = {
        # Every partition has a link there; a virtual disk without a serial number has none in by-id.
        devNodes = own "/dev/disk/by-partuuid";
        # A pool that another system has in use is left to it.
        forceImportRoot = own false;
      }
      // lib.optionalAttrs wraps {
        forceImportAll = lib.mkForce false;
        # For every encrypted dataset of the pool, whatever pools the flake knows.
        requestEncryptionCredentials = lib.mkForce true;
      };

      # Stage 1 would wait for disks of another machine.
      resumeDevice = lib.mkIf wraps (lib.mkForce "");

      loader = {
        timeout = lib.mkDefault 5;

        efi = {
          canTouchEfiVariables = own uefi;
          efiSysMountPoint = own "/boot";
        };
        systemd-boot = {
          enable = own uefi;
          # Where variables cannot be written, the firmware still finds EFI/BOOT/BOOTX64.EFI.
          graceful = own uefi;
          configurationLimit = lib.mkDefault limit;
          # The machine starts from any of its disks. Before nixpkgs' pull request 501155 an error of the builder, whose
          # status is the first $?, did not end the script: it would have been a success, and an ESP that is not there,
          # copied, would have emptied the others.
          extraInstallCommands = lib.mkIf (lib.tail host.disks != [ ]) (
            lib.mkBefore (
              ''
                [ $? -eq 0 ] || exit 1
              ''
              + lib.concatMapStrings (disk: ''
                if ${pkgs.util-linux}/bin/mountpoint -q /boot && ${pkgs.util-linux}/bin/mountpoint -q ${disk.espMountpoint}; then
                  ${pkgs.rsync}/bin/rsync -rt --delete --modify-window=2 /boot/ ${disk.espMountpoint}/ || exit 1
                  ${pkgs.coreutils}/bin/sync -f ${disk.espMountpoint} || exit 1
                fi
              '') (lib.tail host.disks)
            )
          );
        };

        # GRUB cannot read the encrypted pool, so the kernels are copied to the ESP.
        grub = {
          enable = own (!uefi);
          configurationLimit = lib.mkDefault limit;
          mirroredBoots = own (
            map (disk: {
              path = disk.espMountpoint;
              devices = [ disk.path ];
            }) host.disks
          );
        }
        // lib.optionalAttrs wraps { devices = lib.mkForce [ ]; };
      };

      # Stage 1 asks for the passphrase on the console and by SSH, under the address that the machine has later:
      #   ssh -t -p 2222 root@ADDRESS systemd-tty-ask-password-agent
      initrd = {
        systemd.enable = own true;
        luks.devices = lib.mkIf wraps (lib.mkForce { });
        network = {
          enable = own true;
          ssh = {
            enable = own (initrdSsh.authorizedKeys != [ ] || initrdSsh.authorizedKeyFiles != [ ]);
            port = own 2222;
            # The ESP is not encrypted: this is a key of its own, and a string, since a Nix path would be copied to the
            # store, which everyone can read.
            hostKeys = own [ "/etc/ssh/initrd_ssh_host_ed25519_key" ];
          };
        };
      };
    };

    # This directory is a git repository, and Nix calls git when it writes flake.lock.
    programs.git.enable = lib.mkDefault true;

    nix.settings.experimental-features = lib.mkDefault [
      "nix-command"
      "flakes"
    ];
  };
}
