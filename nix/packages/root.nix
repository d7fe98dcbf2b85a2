# The image's root file system as a squashfs: image/rootfs/root, and a Nix store with the programs that image/rootfs/manifest.ts
# takes from Debian. One directory contains links to all programs.
{
  lib,
  runCommand,
  buildEnv,
  closureInfo,
  squashfsTools,
  systemdMinimal,
  target,
  dabei,
  kernel,
  zfsModules,
  aggregateModules,
  bash,
  busybox,
  btrfs-progs,
  cacert,
  cpio,
  cryptsetup,
  dosfstools,
  e2fsprogs,
  gnutar,
  gptfdisk,
  iproute2,
  jq,
  kexec-tools,
  kmod,
  lvm2,
  mdadm,
  ndisc6,
  nix,
  openssh,
  parted,
  util-linux,
  iana-etc,
  tzdata,
  xfsprogs,
  zfs,
}:

let
  modules = aggregateModules [
    kernel
    zfsModules
  ];

  # Earlier packages win: busybox provides only the programs that no other package has.
  programs = buildEnv {
    name = "dabei-programs";
    paths = lib.imap0 (index: package: lib.setPrio index package) [
      dabei
      nix
      openssh
      (zfs.userspaceTools or zfs)
      gptfdisk
      dosfstools
      lvm2.bin
      util-linux.bin
      # What disko's scripts start by name; this image has room for all of it.
      jq
      cryptsetup
      mdadm
      e2fsprogs.bin
      xfsprogs.bin
      btrfs-progs
      parted
      iproute2
      ndisc6
      systemdMinimal
      kmod
      bash
      gnutar
      cpio
      kexec-tools
      busybox
    ];
    pathsToLink = [
      "/bin"
      "/sbin"
      "/share/zfs"
    ];
    ignoreCollisions = true;
  };
in
runCommand "dabei-root.squashfs"
  {
    nativeBuildInputs = [ squashfsTools ];
    closure = closureInfo { rootPaths = [ programs ]; };
    passthru = { inherit modules programs; };
  }
  ''
    mkdir -p root/{dev,proc,sys,run,tmp,mnt,nix/store,root/.ssh,usr/lib/udev,usr/lib/openssh,usr/lib/systemd}
    mkdir -p root/var/{log,empty,tmp} root/etc/ssl/certs root/usr/share
    chmod 1777 root/tmp root/var/tmp
    chmod 700 root/root
    ln -s ../run root/var/run
    for name in bin sbin lib lib64; do ln -s usr/$name root/$name; done
    mkdir -p root/usr/lib64

    # Scripts call programs by their usual paths.
    mkdir -p root/usr/bin root/usr/sbin
    for directory in bin sbin; do
      for program in ${programs}/$directory/*; do
        ln -sf "$program" root/usr/$directory/
      done
    done
    ln -sf ${lib.getExe bash} root/usr/bin/sh
    ln -sf ${lib.getExe' busybox "busybox"} root/usr/bin/bash-static
    ln -s ${systemdMinimal}/lib/systemd/systemd-udevd root/usr/lib/systemd/systemd-udevd
    ln -s ${systemdMinimal}/lib/udev/* root/usr/lib/udev/
    ln -s ${openssh}/libexec/* root/usr/lib/openssh/
    ln -s ${programs}/share/zfs root/usr/share/zfs
    ln -s ${modules}/lib/modules root/usr/lib/modules
    ln -s ${tzdata}/share/zoneinfo root/usr/share/zoneinfo
    cp ${cacert}/etc/ssl/certs/ca-bundle.crt root/etc/ssl/certs/ca-certificates.crt
    cp ${iana-etc}/etc/{protocols,services} root/etc/

    cp -r --no-preserve=mode --remove-destination ${../../image/rootfs/root}/. root/
    chmod -R +x root/usr/lib/dabei root/usr/bin/nixos-enter root/usr/bin/{nohup,zvol_wait} root/usr/sbin/partprobe
    chmod 600 root/etc/shadow
    cp --no-preserve=mode ${dabei}/share/dabei/registry.json root/etc/nix/registry.json

    extra=$(printf '%s\n' ${modules} ${tzdata})
    sort -u $closure/store-paths <(echo "$extra") > paths
    xargs -a paths cp -r --preserve=mode,links -t root/nix/store
    chmod -R u+w root

    mksquashfs root $out -noappend -no-progress -no-xattrs -all-root \
      -comp xz ${target.squashfsFilter} -b 1M -mkfs-time 1 -all-time 1
  ''
