# Flakes of owners in the shapes that NixOS has, each wrapped by a generated host flake and looked at by the very expression that
# an installation evaluates. Yields what test/nixos/shapes.ts asserts.
{
  nixpkgs,
  # The generated host flake.
  directory,
  # A file with a function from the host flake to its toplevel (agent/plan/nix/toplevel-expression.ts).
  expression,
  shape,
}:

let
  lib = import (nixpkgs + "/lib");
  nixosSystem = args: import (nixpkgs + "/nixos/lib/eval-config.nix") ({ system = null; } // args);
  profile = name: nixpkgs + "/nixos/modules/profiles/${name}.nix";

  shapes = {
    plain = { };

    etc-overlay.system.etc.overlay.enable = true;
    etc-read-only = {
      system.etc.overlay = {
        enable = true;
        mutable = false;
      };
      services.userborn.enable = true;
    };
    perlless.imports = [ (profile "perlless") ];
    bashless.imports = [ (profile "bashless") ];
    nixos-init = {
      system.nixos-init.enable = true;
      system.etc.overlay.enable = true;
      services.userborn.enable = true;
    };

    # What the module of lanzaboote sets, and what its manual asks for.
    lanzaboote =
      { pkgs, ... }:
      {
        boot.loader.systemd-boot.enable = lib.mkForce false;
        boot.loader.external = {
          enable = true;
          installHook = pkgs.writeShellScript "lzbt" "exit 1";
        };
        boot.loader.supportsInitrdSecrets = true;
      };
    limine.boot.loader.limine.enable = true;
    refind.boot.loader.refind.enable = true;
    grub-removable.boot.loader.grub = {
      enable = true;
      device = "nodev";
      efiSupport = true;
      efiInstallAsRemovable = true;
    };

    xbootldr.boot.loader = {
      efi.efiSysMountPoint = "/efi";
      systemd-boot = {
        enable = true;
        xbootldrMountPoint = "/boot";
      };
    };
    initrd-without-zfs.boot.initrd.supportedFilesystems = lib.mkForce [ "ext4" ];
    init-script.boot.loader.initScript.enable = true;

    unlock-shell.boot.initrd.systemd.users.root.shell = "/bin/systemd-tty-ask-password-agent";
    initrd-secret.boot.initrd.secrets."/key" = "/etc/secrets/key";
    specialisations.specialisation.debug.configuration.boot.kernelParams = [ "debug" ];
    specialisation-of-its-own.specialisation.other = {
      inheritParentConfig = false;
      configuration = {
        imports = [ base ];
      };
    };

    no-password.users.mutableUsers = false;
    no-ssh.services.openssh.enable = false;

    aarch64.nixpkgs.hostPlatform = "aarch64-linux";
    i686.nixpkgs.hostPlatform = "i686-linux";

    unfree =
      { pkgs, ... }:
      {
        environment.systemPackages = [ pkgs.unrar ];
      };
    unfree-allowed = {
      imports = [ shapes.unfree ];
      nixpkgs.config.allowUnfree = true;
    };
  };

  base = {
    nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
    system.stateVersion = "25.11";
    boot.loader.grub.device = lib.mkDefault "/dev/sda";
    fileSystems."/" = {
      device = "/dev/sda1";
      fsType = "ext4";
    };
    services.openssh.enable = lib.mkDefault true;
  };

  owner.nixosConfigurations.web = nixosSystem {
    modules = [
      base
      shapes.${shape}
    ];
  };
  host = (import (directory + "/flake.nix")).outputs { config = owner; } // {
    inputs.config = owner;
  };
  inherit (lib.head (lib.attrValues host.nixosConfigurations)) config;
in
{
  toplevel = (import expression host).drvPath;
  loaders = lib.filter (name: config.boot.loader.${name}.enable) [
    "external"
    "grub"
    "initScript"
    "limine"
    "refind"
    "systemd-boot"
  ];
  grubForEfi = config.boot.loader.grub.efiSupport;
  gitMinimal = config.programs.git.package.drvPath == (import nixpkgs { system = "x86_64-linux"; }).gitMinimal.drvPath;
  # Of each specialisation, whether it has the machine's file systems.
  specialisations = lib.mapAttrs (
    _: { configuration, ... }: configuration.fileSystems."/".device == config.fileSystems."/".device
  ) config.specialisation;
}
