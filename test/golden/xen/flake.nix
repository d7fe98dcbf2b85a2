{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # copies*            the first start of a copy, if disks.copies was set
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # rescue.*           the rescue entry of the boot menu
  # trial*             the first boot on trial, if system.trial was set
  # unlock.*           asks for the passphrase in stage 1, until it fits
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."xen-01" = nixpkgs.lib.nixosSystem {
        modules = [
          ./dabei.nix
          {
            # The release whose data formats this machine uses. Do not change it when you upgrade.
            system.stateVersion = "26.05";

            # Add your own configuration here, or in files that you list above.
          }
        ];
      };
    };
}
