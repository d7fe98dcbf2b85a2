{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  # The system comes from your own flake, the input `config`. What is true of this machine alone (file systems,
  # boot loader, host id, network) is in the files beside this one and replaces what your flake says about it.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      takes the newest version of your flake, before the next rebuild
  #
  # Rebuilding from your flake directly leaves these files out, and then the machine does not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = @config@;

  outputs =
    { config, ... }:
    {
      nixosConfigurations.@hostName@ = config.nixosConfigurations.@attribute@.extendModules {
        modules = [
          ./dabei.nix
          (
            { lib, ... }:
            {
              # Holds only where your flake sets none.
              system.stateVersion = lib.mkDefault @stateVersion@;
            }
          )
        ];
      };
    };
}
