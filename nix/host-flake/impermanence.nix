# The root file system is empty again at every start, where that was asked for. What stays is in /nix, /home and /persist;
# the directories that are listed in runtime-info.json as `impermanence.directories` lie below /persist and are mounted to
# where they belong.
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
            # Host keys and the state of users must be there before the system is activated.
            neededForBoot = true;
          };
        }) impermanence.directories
      )
    );

    environment.etc."machine-id".text = "${impermanence.machineId}\n";
  };
}
