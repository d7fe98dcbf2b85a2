{
  # nix-dabei, built by Nix. What is not "where does a program come from" is shared with image/, which builds the same from
  # Debian packages: the kernel's fragments, the files of the root and of the initramfs, the kexec bundle, the agent.
  #
  #   nix build .#kexec     the tarball that leaves a running Linux
  #   nix build .#netboot   kernel, initrd and a script for iPXE
  #   nix run .#vm          the rescue system in QEMU
  #   nix run .#dabei -- collect --output infra web-01.json
  description = "An in-initrd installer for NixOS on natively encrypted ZFS";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
      packagesOf = forEachSystem (
        system: import ./nix/packages { pkgs = nixpkgs.legacyPackages.${system}; }
      );
    in
    {
      packages = lib.mapAttrs (_: packages: packages // { default = packages.kexec; }) packagesOf;

      apps = lib.mapAttrs (
        _: packages:
        lib.genAttrs [ "dabei" "vm" ] (name: {
          type = "app";
          program = lib.getExe packages.${name};
        })
      ) packagesOf;

      nixosModules = {
        # File systems, boot loader, network and SSH from a machine's runtime-info.json, the value of dabei.host.
        default = ./nix/host-flake/dabei.nix;
        instance-data = ./nix/modules/instance-data.nix;
        # The rescue entry alone, for machines that dabei never installed: `dabei.rescue.machine` describes them.
        rescue =
          { pkgs, ... }:
          {
            imports = [ ./nix/host-flake/rescue.nix ];
            dabei.rescue.package = lib.mkDefault packagesOf.${pkgs.stdenv.hostPlatform.system}.netboot;
          };
        # Beside it, the first boot on trial, for a system that dabei installs prebuilt: `dabei.trial.minutes` as in `system.trial`.
        trial = ./nix/host-flake/trial.nix;
      };

      # For many machines: `nix flake init --template`, then `dabei collect --output .`.
      templates.default = {
        path = ./nix/infra;
        description = "An infrastructure flake for machines installed by dabei";
      };

      # The machines of these tests are PCs.
      checks = lib.genAttrs [ "x86_64-linux" ] (
        system:
        import ./nix/checks {
          pkgs = nixpkgs.legacyPackages.${system};
          packages = packagesOf.${system};
          modules = self.nixosModules;
          source = nixpkgs.outPath;
        }
      );

      formatter = forEachSystem (system: nixpkgs.legacyPackages.${system}.nixfmt);
    };
}
