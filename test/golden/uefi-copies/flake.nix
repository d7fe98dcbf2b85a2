{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input `config`. The settings specific to this machine (file systems,
  # boot loader, host id, network) are in the files beside this one and replace those of your flake.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      moves flake.lock to your flake's newest version; then rebuild
  #
  # Do not rebuild from your flake directly: that leaves these files out, and the machine would not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "github:me/infra";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."image" = config.nixosConfigurations."web".extendModules {
        modules = [
          ./dabei.nix
          (
            { lib, ... }:
            {
              # Applies only if your flake does not set it.
              system.stateVersion = lib.mkDefault "26.05";
            }
          )
        ];
      };
    };
}
