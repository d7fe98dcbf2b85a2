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
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      packages = import ./nix/packages { inherit pkgs; };
    in
    {
      packages.${system} = packages // {
        default = packages.kexec;
      };

      apps.${system} = {
        dabei = {
          type = "app";
          program = pkgs.lib.getExe packages.dabei;
        };
        vm = {
          type = "app";
          program = pkgs.lib.getExe packages.vm;
        };
      };

      nixosModules = {
        # File systems, boot loader, network and SSH from a machine's runtime-info.json, the value of dabei.host.
        default = ./nix/host-flake/dabei.nix;
        instance-data = ./nix/modules/instance-data.nix;
        # The rescue entry alone, for machines that dabei never installed: `dabei.rescue.machine` describes them.
        rescue = {
          imports = [ ./nix/host-flake/rescue.nix ];
          dabei.rescue.package = nixpkgs.lib.mkDefault packages.netboot;
        };
        # Beside it, the first boot on trial, for a system that dabei installs prebuilt: `dabei.trial.minutes` as in `system.trial`.
        trial = ./nix/host-flake/trial.nix;
      };

      # For many machines: `nix flake init --template`, then `dabei collect --output .`.
      templates.default = {
        path = ./nix/infra;
        description = "An infrastructure flake for machines installed by dabei";
      };

      checks.${system} = import ./nix/checks {
        inherit pkgs packages;
        modules = self.nixosModules;
        source = nixpkgs.outPath;
      };

      formatter.${system} = pkgs.nixfmt;
    };
}
