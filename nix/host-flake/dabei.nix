# File systems, boot loader and SSH of this machine, from runtime-info.json.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:

let
  inherit (config.dabei) host;

  # If the system comes from your own flake, these settings replace the flake's, each as a whole: with a mixture of two
  # machines' disks or addresses, this machine would not boot. Otherwise they are ordinary definitions.
  wraps = host.flake != null;
  own = if wraps then lib.mkForce else lib.id;

  # Without a pool of dabei's, your flake lays out the disks itself (disks.layout "disko"): file systems, swap, pools and boot loader
  # are its own.
  laidOut = host.pool != null;
  replaces = wraps && laidOut;

  # Owners force boot loaders on and off, as the manual of lanzaboote says. One of another kind would not know the ESPs.
  loader = if wraps then lib.mkOverride 40 else lib.id;
  otherLoaders = [
    # What lanzaboote is.
    "external"
    "generationsDir"
    "generic-extlinux-compatible"
    "initScript"
    "limine"
    "refind"
  ];

  forbidsPerl = lib.any (regex: builtins.match ".*perl.*" regex != null) (
    config.system.forbiddenDependenciesRegexes or [ ]
  );

  initrdSsh = config.boot.initrd.network.ssh;

  # Of a disk that is copied, nothing may name one copy: links of udev lead to the partitions of the own one (copies.nix).
  isCopied = host.copies or false;
  byPartuuid = partuuid: "/dev/disk/by-partuuid/${partuuid}";
  partition = name: partuuid: if isCopied then "/dev/dabei/${name}" else byPartuuid partuuid;
  uefi = host.firmware == "uefi";
  redundant = lib.length host.disks > 1;

  # An ESP of 512 MiB (disks.esp on a small disk) has room for so many generations with a kernel and an initrd of 94 MiB together, and
  # for a rescue system; one of 1 GiB, for those of 197 MiB.
  limit = 5;
in
{
  imports = [
    ./copies.nix
    ./hardware.nix
    ./network.nix
    ./network-scripted.nix
    ./impermanence.nix
    ./rescue.nix
    ./trial.nix
    ./unlock.nix
  ];

  options.dabei.host = lib.mkOption {
    type = lib.types.attrs;
    default = lib.importJSON ./runtime-info.json;
    defaultText = lib.literalExpression "lib.importJSON ./runtime-info.json";
    description = "The facts about this machine that dabei recorded during the installation, and the disks that it partitioned.";
  };

  config = {
    assertions = [
      {
        assertion = !replaces || (config.environment.persistence or { }) == { };
        message =
          "environment.persistence defines its mounts in fileSystems, which dabei replaces on this machine, so nothing would be "
          + "kept. Remove environment.persistence; system.impermanence in dabei's configuration keeps directories instead.";
      }
      {
        # nixpkgs adds it for "/", but lib.mkForce in your flake would win.
        assertion = !laidOut || (config.boot.initrd.supportedFilesystems or { zfs = true; }).zfs or false;
        message =
          "boot.initrd.supportedFilesystems is without zfs, so stage 1 would not import the pool that dabei creates: add zfs, or "
          + "remove lib.mkForce.";
      }
    ];

    dabei.rescue = {
      enable = lib.mkDefault (host.rescue or false);
      machine = lib.mkDefault host;
      # Each by itself: a copy of the first one would be incomplete at a power cut.
      esps = lib.mkIf laidOut (lib.mkDefault (map (disk: disk.espMountpoint) host.disks));
    };
    dabei.trial = lib.mapAttrs (_: lib.mkDefault) (host.trial or { });

    # Without force, ZFS imports a pool only under the host id that last used it.
    networking.hostId = if laidOut then own host.hostId else lib.mkDefault host.hostId;

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

    fileSystems = lib.mkIf laidOut (own (
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
            device = partition "esp" disk.espPartuuid;
            fsType = "vfat";
            # umask: the initrd contains the host key of stage 1. nofail: one of several disks may be missing.
            options = [ "umask=0077" ] ++ lib.optional redundant "nofail";
          };
        }) host.disks
      )
    ));

    # A new random key at every boot: nobody can read later what was swapped out.
    swapDevices = lib.mkIf laidOut (own (
      map (disk: {
        device = partition "swap" disk.swapPartuuid;
        randomEncryption.enable = true;
        options = [ "nofail" ];
      }) (lib.filter (disk: disk.swapPartuuid != null) host.disks)
    ));

    boot = {
      supportedFilesystems = lib.mkIf laidOut [ "zfs" ];
      zfs = lib.mkIf laidOut ({
        # Every partition has a link there. A virtual disk without a serial number has no link in by-id.
        devNodes = own (if isCopied then "/dev/dabei" else "/dev/disk/by-partuuid");
        # Do not import a pool that another system uses.
        forceImportRoot = own false;
      }
      // lib.optionalAttrs wraps {
        forceImportAll = lib.mkForce false;
        # Ask for the keys of all encrypted datasets, also of pools that the flake does not know.
        requestEncryptionCredentials = lib.mkForce true;
      });

      # Otherwise stage 1 would wait for another machine's disks.
      resumeDevice = lib.mkIf replaces (lib.mkForce "");

      loader = {
        timeout = lib.mkDefault 5;

        efi = {
          canTouchEfiVariables = if laidOut then own uefi else lib.mkDefault uefi;
          efiSysMountPoint = lib.mkIf laidOut (own "/boot");
        };
        systemd-boot = lib.mkIf laidOut ({
          enable = loader uefi;
          # If variables are read-only, the firmware still finds EFI/BOOT/BOOTX64.EFI.
          graceful = own uefi;
          configurationLimit = lib.mkDefault limit;
          # Copies the ESP, so that the machine boots from any of its disks. Before nixpkgs' pull request 501155, the script
          # continued after an error of the builder (the first $?). The checks keep it from copying an incomplete or unmounted
          # ESP, which would empty the others.
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
        }
        // lib.optionalAttrs (wraps && options.boot.loader.systemd-boot ? xbootldrMountPoint) {
          # Kernels are on the ESP; no disk has such a partition.
          xbootldrMountPoint = lib.mkForce null;
        });

        # GRUB cannot read the encrypted pool, so it finds kernels and initrds on the ESP.
        grub = lib.mkIf laidOut ({
          enable = loader (!uefi);
          configurationLimit = lib.mkDefault limit;
          mirroredBoots = own (
            map (disk: {
              path = disk.espMountpoint;
              devices = [ (if isCopied then "/dev/dabei/disk" else disk.path) ];
            }) host.disks
          );
        }
        // lib.optionalAttrs wraps (
          {
            devices = lib.mkForce [ ];
            efiSupport = lib.mkForce false;
          }
          // lib.optionalAttrs (options.boot.loader.grub ? efiInstallAsRemovable) {
            efiInstallAsRemovable = lib.mkForce false;
          }
        ));
      }
      // lib.optionalAttrs replaces (
        lib.listToAttrs (
          map (name: {
            inherit name;
            value.enable = loader false;
          }) (lib.filter (name: options.boot.loader ? ${name}) otherLoaders)
        )
      );

      # Stage 1 asks for the passphrase on the console and by SSH, at the same address as the running system (unlock.nix).
      initrd = {
        systemd.enable = own true;
        luks.devices = lib.mkIf replaces (lib.mkForce { });
        network = {
          enable = own true;
          ssh = {
            enable = own (initrdSsh.authorizedKeys != [ ] || initrdSsh.authorizedKeyFiles != [ ]);
            port = own 2222;
            # The ESP is not encrypted, so stage 1 has its own host key. This is a string: Nix would copy a path to the
            # store, which everybody can read.
            hostKeys = own [ "/etc/ssh/initrd_ssh_host_ed25519_key" ];
          };
        };
      };
    };

    # This directory is a git repository, and Nix runs git when it writes flake.lock.
    programs.git = {
      enable = lib.mkDefault true;
    }
    // lib.optionalAttrs (options.programs.git ? package) {
      # The usual package contains Perl.
      package = lib.mkIf forbidsPerl (lib.mkDefault pkgs.gitMinimal);
    };

    nix.settings.experimental-features = lib.mkDefault [
      "nix-command"
      "flakes"
    ];
  };
}
