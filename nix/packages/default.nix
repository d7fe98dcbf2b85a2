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

  # As agent/arch.ts: what differs between architectures.
  target =
    {
      x86_64 = {
        kernelFile = "bzImage";
        # The filter for instructions of mksquashfs; older kernels mount an image without one.
        squashfsFilter = "-Xbcj x86";
        qemu = "qemu-system-x86_64 -machine accel=kvm:tcg";
        console = "ttyS0";
        consoles = "console=ttyS0,115200";
      };
      aarch64 = {
        kernelFile = "vmlinuz.efi";
        squashfsFilter = "";
        qemu = "qemu-system-aarch64 -machine virt,gic-version=max,accel=kvm:tcg -bios ${pkgs.qemu_kvm}/share/qemu/edk2-aarch64-code.fd";
        console = "ttyAMA0";
        consoles = "console=ttyAMA0,115200 console=ttyS0,115200";
      };
    }
    .${pkgs.stdenv.hostPlatform.uname.processor}
    // {
      inherit (pkgs.stdenv.hostPlatform) system;
      machine = pkgs.stdenv.hostPlatform.uname.processor;
    };

  packages = lib.makeScope pkgs.newScope (self: {
    inherit sourceOf target;
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
