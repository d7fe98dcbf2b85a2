{
  # The check that needs disko. It is a flake of its own, so that the project's flake does not depend on disko.
  #
  #   nix flake check ./nix/checks/disko
  description = "Installs a NixOS whose flake brings its own layout";

  inputs = {
    nix-dabei.url = "path:../../..";
    nixpkgs.follows = "nix-dabei/nixpkgs";
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nix-dabei/nixpkgs";
    };
  };

  outputs =
    {
      nix-dabei,
      nixpkgs,
      disko,
      ...
    }:
    let
      system = "x86_64-linux";
    in
    {
      checks.${system} = {
        inherit
          (import (nix-dabei + "/nix/checks/install") {
            pkgs = nixpkgs.legacyPackages.${system};
            packages = nix-dabei.packages.${system};
            module = nix-dabei.nixosModules.default;
            source = nixpkgs.outPath;
            inherit disko;
          })
          install-disko
          ;
      };
    };
}
