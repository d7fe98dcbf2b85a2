# The root file system is empty again at every start. What stays is in /nix, /home and /persist; the directories that are
# listed in runtime-info.json as `impermanence.directories` lie below /persist and are mounted to where they belong.
{ lib, ... }:

let
  host = lib.importJSON ./runtime-info.json;
in
{
  boot.initrd.systemd.services.rollback = {
    description = "Empty the root file system";
    wantedBy = [ "initrd.target" ];
    after = [ "zfs-import-${host.pool.name}.service" ];
    before = [ "sysroot.mount" ];
    unitConfig.DefaultDependencies = "no";
    serviceConfig.Type = "oneshot";
    script = "zfs rollback -r ${host.impermanence.snapshot}";
  };

  fileSystems = lib.listToAttrs (
    map (directory: {
      name = directory;
      value = {
        device = "/persist${directory}";
        fsType = "none";
        options = [ "bind" ];
        # Host keys and the state of users must be there before the system is activated.
        neededForBoot = true;
      };
    }) host.impermanence.directories
  );

  environment.etc."machine-id".text = "${host.impermanence.machineId}\n";
}
