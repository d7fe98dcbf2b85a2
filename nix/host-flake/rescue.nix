# The rescue entry of the boot menu: the installer that is on every ESP, with this machine's addresses and authorized keys, and stage 1's
# host key. Written anew whenever the boot loader is installed. Needs no other file of this directory but rescue.sh.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:

let
  cfg = config.dabei.rescue;
  inherit (config.boot) loader;
  root = config.users.users.root.openssh.authorizedKeys;
  systemdBoot = loader.systemd-boot.enable;
  pool = cfg.machine.pool or null;
  zfs = lib.optionalString (pool != null) ":${config.boot.zfs.package or pkgs.zfs}/bin";

  # They contain no secret, so they may lie in the store.
  file = name: text: builtins.toFile name text;
  # "dabei.rescue" makes a rescue system of the machine, whatever any other source asks for.
  kernelParams = [ "dabei.rescue" ] ++ map (console: "console=${console}") (cfg.machine.consoles or [ ]);

  variables = {
    machine = file "machine.json" (builtins.toJSON (cfg.machine // { rootAuthorizedKeys = [ ]; }));
    keys = file "authorized_keys" (lib.concatMapStrings (key: "${key}\n") cfg.authorizedKeys);
    # A path would be copied to the store, which everybody can read. The last one is made by `dabei rescue-entry`.
    host_keys =
      let
        keys = map toString config.boot.initrd.network.ssh.hostKeys;
      in
      toString (if keys == [ ] then [ "/etc/ssh/dabei_rescue_host_ed25519_key" ] else keys);
    options = toString kernelParams;
    package = if cfg.package == null then "" else "${cfg.package}";
    systemd_boot = if systemdBoot then "yes" else "";
    pool = if pool == null then "" else pool.name;
  }
  // lib.optionalAttrs (cfg.machine.copies or false) {
    # What the image was known by, and what each copy has in its place (copies.nix).
    replaced = lib.concatMapStringsSep " " (
      disk:
      "esp=${disk.espPartuuid} zfs=${disk.zfsPartuuid}"
      + lib.optionalString (disk.swapPartuuid != null) " swap=${disk.swapPartuuid}"
    ) cfg.machine.disks;
    replaced_host_id = cfg.machine.hostId;
  };
  program = pkgs.writeScript "dabei-rescue" (
    ''
      #!${pkgs.bash}/bin/bash
      PATH=${pkgs.coreutils}/bin:${pkgs.cpio}/bin:${pkgs.util-linux}/bin${zfs}
    ''
    + lib.concatMapStrings (name: "${name}=${lib.escapeShellArg variables.${name}}\n") (
      lib.attrNames variables
    )
    + builtins.readFile ./rescue.sh
  );
  call = action: ''
    [ $? -eq 0 ] || exit 1
    ${program} ${action} ${lib.escapeShellArgs cfg.esps} || echo "warning: the rescue entry is not up to date" >&2
  '';

  # Before the ESP is copied to the other disks (dabei.nix).
  installCommands = action: {
    systemd-boot.extraInstallCommands = lib.mkIf systemdBoot (lib.mkOrder 400 (call action));
    grub.extraInstallCommands = lib.mkIf loader.grub.enable (call action);
  };
in
{
  options.dabei.rescue = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether the boot menu has the entry "nix-dabei rescue". An ESP without a kernel and an initrd of nix-dabei gets none, unless
        `dabei.rescue.package` has them.
      '';
    };
    package = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = null;
      description = ''
        A package with the files bzImage (vmlinuz.efi on aarch64) and initrd, and about, which names the features of its ZFS. By default, those on the ESPs stay.
      '';
    };
    machine = lib.mkOption {
      type = lib.types.attrs;
      description = "Addresses, host id, pool and disks, as in runtime-info.json. It must contain no secret.";
    };
    authorizedKeys = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = root.keys ++ map builtins.readFile (root.keyFiles or [ ]);
      defaultText = "those of root";
      description = "Who may log in to the rescue system: lines of authorized_keys, with their options.";
    };
    esps = lib.mkOption {
      type = lib.types.listOf lib.types.path;
      default =
        if systemdBoot then
          [ loader.efi.efiSysMountPoint ]
        else
          map (boot: boot.path) loader.grub.mirroredBoots;
      defaultText = "the ESP of systemd-boot, or all of GRUB";
      description = "Mount points of the ESPs.";
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable (
      {
        boot.loader = lib.mkMerge [
          (installCommands "write")
          {
            # The root is that of this disk. The entry is a file of its own, which can be switched to another system by one rename.
            grub.extraEntries = lib.mkIf loader.grub.enable (
              lib.mkAfter ''
                if [ -f /dabei/grub.cfg ]; then
                  source /dabei/grub.cfg
                fi
              ''
            );
          }
        ];
      }
      // lib.optionalAttrs (options.system ? preSwitchChecks) {
        # The system's own generations come first. A failure here must not keep a new system from being installed.
        system.preSwitchChecks.dabeiRescue = ''
          ${program} room "$1" ${lib.escapeShellArgs cfg.esps} || echo "warning: room for the rescue entry is unknown" >&2
        '';
      }
    ))
    # Where it was written once, it is taken away. A machine that never had it has nothing of it.
    (lib.mkIf (!cfg.enable && (cfg.machine.rescue or false)) {
      boot.loader = installCommands "remove";
    })
  ];
}
