{
  # One flake for many machines; made by `dabei collect`, from then on it is yours.
  #
  #   nixos-rebuild switch --flake .#NAME --target-host root@ADDRESS    from your own machine
  #   nixos-rebuild switch --flake github:YOU/infra#NAME                on the machine
  #
  # hosts/NAME/runtime-info.json  what was found out about a machine: disks, addresses, drivers
  # hosts/NAME/default.nix        what this machine is for
  # common.nix                    what all of them share
  # dabei/                        file systems, boot loader and network from runtime-info.json
  description = "Machines installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

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
