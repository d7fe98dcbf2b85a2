{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   a root file system that is emptied at every start, where that was asked for
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = @nixpkgs@;

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations.@hostName@ = nixpkgs.lib.nixosSystem {
        modules = [
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = @stateVersion@;

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}
