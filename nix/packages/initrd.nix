# [zstd cpio: static busybox, /init][zeros][plain cpio with one member: the squashfs], as in image/rootfs/initrd.ts.
{
  runCommand,
  root,
  pkgsStatic,
  cpio,
  zstd,
}:

runCommand "dabei-initrd"
  {
    nativeBuildInputs = [
      cpio
      zstd
    ];
    initramfs = ../../image/rootfs/initramfs;
  }
  ''
    pack() {
      (cd "$1" && find . -mindepth 1 -exec touch -h -d @1 {} + &&
        find . -mindepth 1 -printf '%P\0' | sort -z | cpio --null --create --format=newc --reproducible --owner=0:0 --quiet)
    }

    mkdir -p early/{bin,dev,proc,sys,run} late
    cp $initramfs/init $initramfs/redact.sed early/
    cp $initramfs/return early/return.sh
    chmod +x early/init early/return.sh
    cp ${pkgsStatic.busybox}/bin/busybox early/bin/busybox
    cp ${root} late/image.squashfs
    chmod 644 late/image.squashfs
    echo "$(stat -c %s ${root}) $(md5sum < ${root} | cut -d' ' -f1)" > early/image.size
    echo 1767225600 > early/epoch

    pack early | zstd -q -19 > early.cpio.zst
    pack late > late.cpio
    first=$(stat -c %s early.cpio.zst)
    # newc header of 110 bytes, "image.squashfs" and its NUL, padded to 4.
    member=128
    offset=$(((first + member + 4095) / 4096 * 4096))
    mkdir $out
    {
      cat early.cpio.zst
      head -c $((offset - member - first)) /dev/zero
      cat late.cpio
    } > $out/initrd
    # A multiple of 4096, so the old system can loop-mount the squashfs in place.
    echo $offset > $out/offset
  ''
