# Ephemeral root, if system.impermanence was set: each boot empties the root file system. /nix, /home and /persist stay. The
# directories in `impermanence.directories` of runtime-info.json are stored below /persist and bind-mounted at their paths.
{ config, lib, ... }:

let
  inherit (config.dabei) host;
  impermanence = host.impermanence or null;

  # As in dabei.nix.
  own = if host.flake != null then lib.mkForce else lib.id;
in
{
  config = lib.mkIf (impermanence != null) {
    boot.initrd.systemd.services.rollback = {
      description = "Empty the root file system";
      wantedBy = [ "initrd.target" ];
      after = [ "zfs-import-${host.pool.name}.service" ];
      before = [ "sysroot.mount" ];
      unitConfig.DefaultDependencies = "no";
      serviceConfig.Type = "oneshot";
      script = "zfs rollback -r ${impermanence.snapshot}";
    };

    fileSystems = own (
      lib.listToAttrs (
        map (directory: {
          name = directory;
          value = {
            device = "/persist${directory}";
            fsType = "none";
            options = [ "bind" ];
            # Activation needs the host keys and the state of users.
            neededForBoot = true;
          };
        }) impermanence.directories
      )
    );

    environment.etc."machine-id".text = "${impermanence.machineId}\n";
  };
}
