# The packages of flake.nix, one file each.
{ pkgs }:

let
  inherit (pkgs) lib;

  # Contains only a package's own sources, so a changed test does not rebuild the package.
  sourceOf =
    paths:
    lib.fileset.toSource {
      root = ../..;
      fileset = lib.fileset.unions paths;
    };

  packages = lib.makeScope pkgs.newScope (self: {
    inherit sourceOf;
    dabei = self.callPackage ./dabei.nix { };
    kernel = self.callPackage ./kernel.nix { };
    zfsModules = (pkgs.linuxPackagesFor self.kernel).zfs_2_3;
    root = self.callPackage ./root.nix { };
    initrd = self.callPackage ./initrd.nix { };
    kexec = self.callPackage ./kexec.nix { };
    netboot = self.callPackage ./netboot.nix { };
    vm = self.callPackage ./vm.nix { };
  });
in
{
  inherit (packages)
    dabei
    kernel
    initrd
    kexec
    netboot
    vm
    ;
}
