# A disk that is copied to many machines (disks.copies in dabei's configuration). At its first start, each copy gets GUIDs, a host id and
# host keys of its own and the size of its disk: in stage 1 before the pool is imported and sshd starts (copies-stage1.sh), then in the
# system (copies-system.sh). Nothing that this system is built from names one copy: /etc/dabei, on the disk and in its initrd, does.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:

let
  inherit (config.dabei) host;
  inherit (config.boot) initrd;
  own = if host.flake != null then lib.mkForce else lib.id;
  pool = host.pool.name;
  keys = lib.optionals initrd.network.ssh.enable (map toString initrd.network.ssh.hostKeys);

  # Prints the name of the own partition or disk that has this GUID. During the first start, /run has what the disk will be.
  lookUp = shell: ''
    #!${shell}
    file=/run/dabei-copy/own
    [ -f "$file" ] || file=/etc/dabei/own
    while read -r guid number name; do
      [ "$guid" != "$1" ] || { echo "$name" && exit 0; }
    done <"$file"
    exit 1
  '';
  rules = program: ''
    SUBSYSTEM=="block", ENV{DEVTYPE}=="partition", ENV{ID_PART_ENTRY_UUID}=="?*", PROGRAM=="${program} $env{ID_PART_ENTRY_UUID}", SYMLINK+="dabei/%c"
    SUBSYSTEM=="block", ENV{DEVTYPE}=="disk", ENV{ID_PART_TABLE_UUID}=="?*", PROGRAM=="${program} $env{ID_PART_TABLE_UUID}", SYMLINK+="dabei/%c"
  '';

  text =
    file: variables:
    lib.concatMapStrings (name: "${name}=${lib.escapeShellArg variables.${name}}\n") (lib.attrNames variables)
    + builtins.readFile file;
  beforeLogin = [
    "dabei-instance-data.service"
    "sshd.service"
    "sshd.socket"
  ];
in
{
  config = lib.mkIf (host.copies or false) {
    # The kernel takes the copy of a partition table that was being written when the power failed (block/partitions/efi.c).
    boot.kernelParams = [ "gpt" ];

    # The kernel and ZFS read it when they need it. What stage 1 has is replaced there.
    environment.etc.hostid.source = lib.mkForce "/etc/dabei/hostid";

    # Without a search, GRUB takes kernel and initrd from the ESP that its menu is on, and from no other copy's.
    boot.loader.grub = {
      fsIdentifier = own "provided";
    };

    services.udev.extraRules = rules (toString (pkgs.writeScript "dabei-own" (lookUp "${pkgs.bash}/bin/bash")));
    boot.initrd.services.udev.rules = rules "/bin/dabei-own";

    boot.initrd.secrets = {
      "/etc/dabei" = "/etc/dabei";
      "/etc/hostid" = "/etc/dabei/hostid";
    };

    boot.initrd.availableKernelModules = [
      "vfat"
      "nls_cp437"
      "nls_iso8859-1"
    ];

    boot.initrd.systemd = {
      extraBin = {
        blkid = "${pkgs.util-linux}/bin/blkid";
        blockdev = "${pkgs.util-linux}/bin/blockdev";
        cpio = "${pkgs.cpio}/bin/cpio";
        dabei-own = pkgs.writeScript "dabei-own" (lookUp "/bin/sh");
        sgdisk = "${pkgs.gptfdisk}/bin/sgdisk";
      }
      // lib.optionalAttrs (keys != [ ]) {
        ssh-keygen = "${config.programs.ssh.package}/bin/ssh-keygen";
      };

      # Before udev looks at the disks, and before ZFS asks for the host id.
      services.initrd-nixos-copy-secrets.before = [
        "systemd-udev-trigger.service"
        "zfs-import-${pool}.service"
      ];

      services.dabei-copy = {
        description = "First start of a copy";
        # Where it fails, nothing is imported, and nobody is shown a host key that all copies have.
        requiredBy = [
          "zfs-import-${pool}.service"
        ]
        ++ lib.optional (keys != [ ]) "sshd.service";
        before = [
          "zfs-import-${pool}.service"
          "sshd.service"
        ];
        after = [
          "initrd-nixos-copy-secrets.service"
          "systemd-modules-load.service"
          "systemd-udev-trigger.service"
        ];
        unitConfig = {
          DefaultDependencies = "no";
          ConditionFileNotEmpty = "/etc/dabei/copy";
        };
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          # Loading drivers takes minutes on an emulated machine.
          TimeoutStartSec = "15min";
        };
        script = text ./copies-stage1.sh { keys = toString keys; };
      };
    };

    systemd.services.dabei-copy = {
      description = "First start of a copy";
      wantedBy = [ "multi-user.target" ];
      before = beforeLogin;
      after = [ "local-fs.target" ];
      # Only what stage 1 handed over; a copy that is its own already has none.
      unitConfig.ConditionPathExists = [ "/run/dabei-copy" ];
      path = [
        pkgs.coreutils
        config.boot.zfs.package or pkgs.zfs
      ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        TimeoutStartSec = "30min";
      };
      script = text ./copies-system.sh {
        inherit pool;
        keys = toString keys;
      };
    };
  };
}
