{
  # One flake for many machines. `dabei collect` created this file; now it is yours.
  #
  #   nixos-rebuild switch --flake .#NAME --target-host root@ADDRESS    from your own machine
  #   nixos-rebuild switch --flake github:YOU/infra#NAME                on the machine
  #
  # hosts/NAME/runtime-info.json  facts about a machine: disks, addresses, drivers
  # hosts/NAME/default.nix        the configuration of this machine
  # common.nix                    the configuration of all machines
  # dabei/                        file systems, boot loader and network from runtime-info.json
  description = "Machines installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    let
      names = if builtins.pathExists ./hosts then builtins.attrNames (builtins.readDir ./hosts) else [ ];
    in
    {
      nixosConfigurations = nixpkgs.lib.genAttrs names (
        name:
        nixpkgs.lib.nixosSystem {
          modules = [
            ./common.nix
            ./dabei/dabei.nix
            ./hosts/${name}
          ];
        }
      );
    };
}
