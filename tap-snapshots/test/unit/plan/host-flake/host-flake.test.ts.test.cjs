/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of aws-nitro 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."ip-10-0-0-5" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of azure 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."azure-01" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-dhcp 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."vm" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-mirror 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."storage" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-static 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."web-01" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-user-flake 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
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
      nixosConfigurations."web-01" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-user-flake-networkd 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
  # boot loader, host id, network) are in the files beside this one and replace those of your flake.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      moves flake.lock to your flake's newest version; then rebuild
  #
  # Do not rebuild from your flake directly: that leaves these files out, and the machine would not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "https://example.org/infra.tar.gz?dir=hosts";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."web-01" = config.nixosConfigurations."networkd".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of cupboard 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."home" = nixpkgs.lib.nixosSystem {
        modules = [
          ./dabei.nix
          {
            # The release whose data formats this machine uses. Do not change it when you upgrade.
            system.stateVersion = "25.11";

            # Add your own configuration here, or in files that you list above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of dell-raid 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."dell" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of google-cloud 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."gce-01" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of hetzner-cloud 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."web-02" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of impermanence 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."fresh" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of impermanence-user-flake 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
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
      nixosConfigurations."fresh" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of ipv6-advertised 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
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
      nixosConfigurations."six-ra" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of ipv6-only 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."six" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of point-to-point 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
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
      nixosConfigurations."netcup" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of rack-raidz1-bond 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
  # boot loader, host id, network) are in the files beside this one and replace those of your flake.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      moves flake.lock to your flake's newest version; then rebuild
  #
  # Do not rebuild from your flake directly: that leaves these files out, and the machine would not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "https://example.org/infra.tar.gz";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."rack-07" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-bond-vlan-bridge 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."rack" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-dhcp 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."vm" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-mirror 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."storage" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-static 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."web-01" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-user-flake-static 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  # The system comes from your own flake, the input \`config\`. The settings specific to this machine (file systems,
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
      nixosConfigurations."web-01" = config.nixosConfigurations."web".extendModules {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of vmware 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."esx-01" = nixpkgs.lib.nixosSystem {
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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > flake.nix of xen 1`] = `
{
  # dabei wrote this file during the installation; now it is yours.
  #
  #   nixos-rebuild switch                     builds and activates this configuration
  #   nix flake update --flake /etc/nixos      moves flake.lock to the newest nixpkgs; then rebuild
  #
  # runtime-info.json  facts about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, SSH
  # impermanence.nix   an ephemeral root file system, if system.impermanence was set
  # network*.nix       interfaces, addresses, routes, for the system and for unlocking it
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

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

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of aws-nitro 1`] = `
{
  "version": 1,
  "hostName": "ip-10-0-0-5",
  "domain": "example.net",
  "hostId": "c0ffee02",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "cpuModel": null,
    "vendor": "Amazon EC2",
    "model": "t3.micro",
    "cpuVendor": "Intel",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-vol0a",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "ena"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of azure 1`] = `
{
  "version": 1,
  "hostName": "azure-01",
  "domain": null,
  "hostId": "c0ffee03",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Microsoft Corporation",
    "model": "Virtual Machine",
    "cpuVendor": "Intel",
    "virtualization": "hyperv"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "00:0d:3a:aa:bb:01",
        "name": "eth0",
        "keepName": false,
        "driver": "hv_netvsc",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": "mac",
        "acceptRa": false,
        "lease": {},
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/wwn-0x60022480a",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "sd_mod",
      "hv_storvsc"
    ],
    "network": [
      "hv_netvsc",
      "mlx5_core"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-dhcp 1`] = `
{
  "version": 1,
  "hostName": "vm",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-mirror 1`] = `
{
  "version": 1,
  "hostName": "storage",
  "domain": null,
  "hostId": "deadbeef",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": "example.org",
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": null,
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-user-flake 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-user-flake-networkd 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "https://example.org/infra.tar.gz?dir=hosts#nixosConfigurations.networkd",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of cupboard 1`] = `
{
  "version": 1,
  "hostName": "home",
  "domain": null,
  "hostId": "c0ffee0c",
  "stateVersion": "25.11",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "cpuModel": null,
    "vendor": "Intel",
    "model": "NUC8i3BEH",
    "cpuVendor": "Intel",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/ata-Samsung_SSD_S4EVNX0R",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "sd_mod",
      "ahci"
    ],
    "network": [
      "e1000e"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of dell-raid 1`] = `
{
  "version": 1,
  "hostName": "dell",
  "domain": null,
  "hostId": "c0ffee0b",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Dell Inc.",
    "model": "PowerEdge R640",
    "cpuVendor": "Intel",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "78:ac:44:00:00:03",
        "name": "eno3",
        "keepName": false,
        "driver": "tg3",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": "mac",
        "acceptRa": true,
        "lease": {},
        "advertisements": {},
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/wwn-0x6d09466",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "sd_mod",
      "megaraid_sas"
    ],
    "network": [
      "tg3"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of google-cloud 1`] = `
{
  "version": 1,
  "hostName": "gce-01",
  "domain": null,
  "hostId": "c0ffee04",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "cpuModel": null,
    "vendor": "Google",
    "model": "Google Compute Engine",
    "cpuVendor": "Intel",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "42:01:0a:80:00:02",
        "name": "ens4",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": 1460,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": "mac",
        "acceptRa": false,
        "lease": {},
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of hetzner-cloud 1`] = `
{
  "version": 1,
  "hostName": "web-02",
  "domain": null,
  "hostId": "c0ffee01",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "96:00:02:aa:bb:01",
        "name": "enp1s0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "203.0.113.17/32",
            "peer": null
          },
          {
            "address": "2001:db8:c17::1/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "172.31.1.1/32",
            "gateway": null,
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "0.0.0.0/0",
            "gateway": "172.31.1.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of impermanence 1`] = `
{
  "version": 1,
  "hostName": "fresh",
  "domain": null,
  "hostId": "c0ffee0d",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": {
    "snapshot": "rpool/local/root@blank",
    "directories": [
      "/etc/nixos",
      "/etc/ssh",
      "/var/lib",
      "/var/log"
    ],
    "machineId": "6b26b53587a43fd2713025ba66adb257"
  },
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of impermanence-user-flake 1`] = `
{
  "version": 1,
  "hostName": "fresh",
  "domain": null,
  "hostId": "c0ffee0d",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": {
    "snapshot": "rpool/local/root@blank",
    "directories": [
      "/etc/nixos",
      "/etc/ssh",
      "/var/lib",
      "/var/log"
    ],
    "machineId": "6b26b53587a43fd2713025ba66adb257"
  },
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of ipv6-advertised 1`] = `
{
  "version": 1,
  "hostName": "six-ra",
  "domain": null,
  "hostId": "c0ffee08",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:67",
        "name": "ens3",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": true,
        "lease": null,
        "advertisements": {},
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of ipv6-only 1`] = `
{
  "version": 1,
  "hostName": "six",
  "domain": null,
  "hostId": "c0ffee07",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:66",
        "name": "ens3",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "2001:db8:6::2/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "2001:db8::53"
      ],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of point-to-point 1`] = `
{
  "version": 1,
  "hostName": "netcup",
  "domain": null,
  "hostId": "c0ffee09",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Hetzner",
    "model": "vServer",
    "cpuVendor": "AMD",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:68",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.9/32",
            "peer": "192.0.2.1/32"
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "192.0.2.1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": true
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": null,
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "sd_mod",
      "virtio_scsi"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of rack-raidz1-bond 1`] = `
{
  "version": 1,
  "hostName": "rack-07",
  "domain": null,
  "hostId": "00c0ffee",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "cpuModel": null,
    "vendor": "Supermicro",
    "model": "AS-1114S",
    "cpuVendor": "AMD",
    "virtualization": false
  },
  "flake": "https://example.org/infra.tar.gz#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "3c:ec:ef:00:00:01",
        "name": "eno1",
        "keepName": false,
        "driver": "ixgbe",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": true,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "physical",
        "mac": "3c:ec:ef:00:00:02",
        "name": "eno2",
        "keepName": false,
        "driver": "ixgbe",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "bond",
        "mac": null,
        "name": "bond0",
        "keepName": false,
        "driver": null,
        "macAddress": "3c:ec:ef:00:00:01",
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [
          "vlan30"
        ],
        "options": {
          "mode": "active-backup",
          "miimon": 100
        },
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "vlan",
        "mac": null,
        "name": "vlan30",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": {
          "id": 30,
          "protocol": "802.1Q"
        },
        "addresses": [
          {
            "address": "10.30.0.7/24",
            "peer": null
          },
          {
            "address": "2001:db8:30::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "10.30.0.1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "2001:db8:30::1",
            "onlink": false,
            "metric": 1024,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "10.30.0.53"
      ],
      "search": [
        "rack.example.org"
      ]
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/wwn-0x5000c500a1b2c3da",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/wwn-0x5000c500a1b2c3db",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    },
    {
      "path": "/dev/disk/by-id/wwn-0x5000c500a1b2c3dc",
      "espPartuuid": "00000002-0000-8000-8000-000000000002",
      "espMountpoint": "/boot-3",
      "swapPartuuid": "00000003-0000-8000-8000-000000000002",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000002"
    },
    {
      "path": "/dev/disk/by-id/wwn-0x5000c500a1b2c3dd",
      "espPartuuid": "00000002-0000-8000-8000-000000000003",
      "espMountpoint": "/boot-4",
      "swapPartuuid": "00000003-0000-8000-8000-000000000003",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000003"
    }
  ],
  "modules": {
    "disks": [
      "sd_mod",
      "mpt3sas"
    ],
    "network": [
      "ixgbe",
      "bonding",
      "8021q"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-bond-vlan-bridge 1`] = `
{
  "version": 1,
  "hostName": "rack",
  "domain": null,
  "hostId": "deadbeef",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:01",
        "name": "eno1",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:02",
        "name": "eno2",
        "keepName": true,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "loopback",
        "mac": null,
        "name": "lo",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "203.0.113.9/32",
            "peer": null
          }
        ],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "bond",
        "mac": null,
        "name": "bond0",
        "keepName": false,
        "driver": null,
        "macAddress": "a8:a1:59:00:00:01",
        "mtu": 9000,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [
          "bond0.7",
          "bond0.8"
        ],
        "options": {
          "mode": "802.3ad",
          "miimon": 100,
          "lacpRate": "fast",
          "xmitHashPolicy": "layer3+4"
        },
        "addresses": [],
        "routes": [
          {
            "destination": "10.66.0.0/16",
            "gateway": null,
            "onlink": false,
            "metric": null,
            "table": null,
            "type": "blackhole",
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [
          {
            "family": "ipv4",
            "priority": 1000,
            "not": false,
            "from": "198.51.100.0/24",
            "to": null,
            "fwmark": null,
            "iif": null,
            "oif": null,
            "table": 100,
            "type": null,
            "suppressPrefixLength": null
          },
          {
            "family": "ipv6",
            "priority": 1001,
            "not": false,
            "from": null,
            "to": null,
            "fwmark": "16/255",
            "iif": "eno2",
            "oif": null,
            "table": null,
            "type": "prohibit",
            "suppressPrefixLength": null
          }
        ],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "vlan",
        "mac": null,
        "name": "bond0.7",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": {
          "id": 7,
          "protocol": "802.1Q"
        },
        "addresses": [
          {
            "address": "198.51.100.7/24",
            "peer": null
          },
          {
            "address": "192.0.2.1/32",
            "peer": "192.0.2.2/32"
          }
        ],
        "routes": [
          {
            "destination": "10.20.0.0/16",
            "gateway": null,
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": [
              "198.51.100.2@bond0.7 2",
              "198.51.100.3@bond0.7"
            ]
          },
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": "198.51.100.7",
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "0.0.0.0/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": 5,
            "table": 100,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": 1400,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "vlan",
        "mac": null,
        "name": "bond0.8",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": "br0",
        "vlans": [],
        "options": {
          "id": 8,
          "protocol": "802.1ad"
        },
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      },
      {
        "kind": "bridge",
        "mac": null,
        "name": "br0",
        "keepName": false,
        "driver": null,
        "macAddress": "a8:a1:59:00:00:01",
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": {
          "stp": true,
          "forwardDelay": 4
        },
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": {
          "iaid": 1493172225,
          "duidType": 2,
          "duid": "00:00:ab:11:aa:bb:cc:dd"
        },
        "acceptRa": true,
        "lease": {},
        "advertisements": {},
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53"
      ],
      "search": []
    },
    "needsNetworkd": true
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb",
      "bonding",
      "8021q",
      "bridge"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-dhcp 1`] = `
{
  "version": 1,
  "hostName": "vm",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-mirror 1`] = `
{
  "version": 1,
  "hostName": "storage",
  "domain": null,
  "hostId": "deadbeef",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:01",
        "name": "eth0",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": 1400,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": "mac",
        "acceptRa": true,
        "lease": {
          "metric": 100,
          "useRoutes": true,
          "useDns": false,
          "useHostName": false
        },
        "advertisements": {
          "metric": 512,
          "useGateway": false,
          "useMtu": false
        },
        "requiredForOnline": false,
        "dns": null
      },
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:02",
        "name": "eth1",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "10.0.0.2/24",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "10.1.0.0/16",
            "gateway": "10.0.0.1",
            "onlink": false,
            "metric": 50,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": true
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 2200,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-user-flake-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "lease": null,
        "advertisements": null,
        "requiredForOnline": null,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of vmware 1`] = `
{
  "version": 1,
  "hostName": "esx-01",
  "domain": null,
  "hostId": "c0ffee06",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "cpuModel": null,
    "vendor": "VMware, Inc.",
    "model": "VMware7,1",
    "cpuVendor": "Intel",
    "virtualization": "vmware"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "sd_mod",
      "vmw_pvscsi"
    ],
    "network": [
      "vmxnet3"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake/host-flake.test.ts > TAP > the generated directory > runtime-info.json of xen 1`] = `
{
  "version": 1,
  "hostName": "xen-01",
  "domain": null,
  "hostId": "c0ffee05",
  "stateVersion": "26.05",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "cpuModel": null,
    "vendor": "Xen",
    "model": "HVM domU",
    "cpuVendor": "Intel",
    "virtualization": "xen"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    },
    "needsNetworkd": false
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/xvda",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "xen_blkfront"
    ],
    "network": [
      "xen_netfront"
    ]
  },
  "impermanence": null,
  "consoles": [
    "hvc0"
  ]
}

`
