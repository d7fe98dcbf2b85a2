/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > a disk full of remains > steps 1`] = `
# cancelling the return to the old system, if the timer is armed
/usr/lib/dabei/stay erasing
# taking /dev/sda2 out of use as swap
swapoff /dev/sda2
# unmounting /mnt/old/home
umount --recursive /mnt/old/home
# unmounting /mnt/nix
umount --recursive /mnt/nix
# unmounting /mnt/old
umount --recursive /mnt/old
# unmounting /mnt
umount --recursive /mnt
# exporting the old pool rpool
zpool export -f rpool
# removing the mapped device /dev/mapper/home
dmsetup remove --retry home
# removing the mapped device /dev/mapper/vg-home
dmsetup remove --retry vg-home
# removing the mapped device /dev/mapper/vg-root
dmsetup remove --retry vg-root
# stopping the array /dev/md127
echo clear > /sys/block/md127/md/array_state
# zeroing the first MiB of /dev/sda5
dd if=/dev/zero of=/dev/sda5 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/sda5
dd if=/dev/zero of=/dev/sda5 bs=512 seek=41940992 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/sda5
wipefs --all --force /dev/sda5
# zeroing all of /dev/sda4
dd if=/dev/zero of=/dev/sda4 bs=512 seek=0 count=2 conv=notrunc,fsync
# erasing signatures on /dev/sda4
wipefs --all --force /dev/sda4
# zeroing all of /dev/sda3
dd if=/dev/zero of=/dev/sda3 bs=512 seek=0 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/sda3
wipefs --all --force /dev/sda3
# zeroing the first MiB of /dev/sda2
dd if=/dev/zero of=/dev/sda2 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/sda2
dd if=/dev/zero of=/dev/sda2 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/sda2
wipefs --all --force /dev/sda2
# zeroing the first MiB of /dev/sda1
dd if=/dev/zero of=/dev/sda1 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/sda1
dd if=/dev/zero of=/dev/sda1 bs=512 seek=8386560 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/sda1
wipefs --all --force /dev/sda1
# destroying the partition table of /dev/disk/by-id/ata-WDC_A1 and its copy
sgdisk --zap-all /dev/disk/by-id/ata-WDC_A1
# discarding everything on /dev/disk/by-id/ata-WDC_A1
blkdiscard --force --step 1073741824 /dev/disk/by-id/ata-WDC_A1
# zeroing the first MiB of /dev/disk/by-id/ata-WDC_A1
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A1 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-id/ata-WDC_A1
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A1 bs=512 seek=83884032 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/disk/by-id/ata-WDC_A1
wipefs --all --force /dev/disk/by-id/ata-WDC_A1
# removing the old partitions of /dev/disk/by-id/ata-WDC_A1 from the kernel
blockdev --rereadpt /dev/disk/by-id/ata-WDC_A1
# waiting for udev
udevadm settle --timeout=60
# dropping cached blocks of /dev/disk/by-id/ata-WDC_A1
blockdev --flushbufs /dev/disk/by-id/ata-WDC_A1
# checking that no signature is left on /dev/disk/by-id/ata-WDC_A1 (must print nothing)
wipefs --no-act --noheadings --output DEVICE,OFFSET,TYPE,LABEL /dev/disk/by-id/ata-WDC_A1
# partitioning /dev/disk/by-id/ata-WDC_A1
sgdisk --clear --set-alignment=2048 --disk-guid=1a18cc53-7569-850c-8782-07b26769d9b8 --new=1:0:+1M --typecode=1:EF02 --partition-guid=1:4cb06b9c-a49f-81e8-a15b-77ee1514d926 --change-name=1:bios-boot --new=2:0:+1024M --typecode=2:EF00 --partition-guid=2:dfdd36e2-c50b-835d-9ff0-6e44d7323da5 --change-name=2:esp --new=3:0:+2048M --typecode=3:8200 --partition-guid=3:22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 --change-name=3:swap --new=4:0:0 --typecode=4:BF01 --partition-guid=4:b609fe41-891c-8eac-96db-e438f6e99d13 --change-name=4:zfs /dev/disk/by-id/ata-WDC_A1
# waiting for udev
udevadm settle --timeout=60
# waiting for the new partitions
udevadm wait --timeout=60 --settle /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13
# zeroing all of /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926
dd if=/dev/zero of=/dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
dd if=/dev/zero of=/dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
dd if=/dev/zero of=/dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8
dd if=/dev/zero of=/dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8
dd if=/dev/zero of=/dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 bs=512 seek=4192256 count=2048 conv=notrunc,fsync
# erasing signatures on the new partitions
wipefs --all --force /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13
# formatting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5
mkfs.vfat -F 32 -n ESP /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
# making the mount point /run/dabei/esp
mkdir -p -m 0755 /run/dabei/esp
# mounting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5 for the install state
mount -t vfat /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /run/dabei/esp
# noting on the ESP that partitioned is done
write /run/dabei/esp/dabei/1-partitioned.json mode=0600 410 bytes
# unmounting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5
umount /run/dabei/esp
# loading the module for encrypted block devices
modprobe dm-crypt
# encrypting the swap partition 22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 with a random key
dmsetup create dabei-swap-1 <<< [secret]
# waiting for /dev/mapper/dabei-swap-1
udevadm wait --timeout=60 /dev/mapper/dabei-swap-1
# formatting /dev/mapper/dabei-swap-1 as swap
mkswap /dev/mapper/dabei-swap-1
# swapping to /dev/mapper/dabei-swap-1
swapon --priority 10 /dev/mapper/dabei-swap-1
# setting the host id to 0b9d9f06
zgenhostid -f 0b9d9f06
# loading ZFS
modprobe zfs
# setting spl_hostid in the loaded module
echo 0x0b9d9f06 > /sys/module/spl/parameters/spl_hostid
# limiting ZFS' cache
echo 268435456 > /sys/module/zfs/parameters/zfs_arc_max
# creating the pool rpool
zpool create -f -o ashift=12 -o autotrim=on -o cachefile=none -o compatibility=openzfs-2.2 -R /mnt -m none -O canmount=off -O acltype=posixacl -O xattr=sa -O dnodesize=auto -O relatime=on -O compression=zstd -O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt rpool /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13 <<< [secret]
# creating the dataset rpool/local
zfs create -o mountpoint=none -o canmount=off rpool/local
# creating the dataset rpool/local/root
zfs create -o mountpoint=legacy rpool/local/root
# snapshotting the empty root
zfs snapshot rpool/local/root@blank
# creating the dataset rpool/local/nix
zfs create -o mountpoint=legacy -o atime=off rpool/local/nix
# creating the dataset rpool/safe
zfs create -o mountpoint=none -o canmount=off rpool/safe
# creating the dataset rpool/safe/home
zfs create -o mountpoint=legacy rpool/safe/home
# creating the dataset rpool/safe/persist
zfs create -o mountpoint=legacy rpool/safe/persist
# creating the dataset rpool/reserved
zfs create -o mountpoint=none -o canmount=off -o refreservation=757M rpool/reserved
# making the mount point /mnt
mkdir -p -m 0755 /mnt
# mounting rpool/local/root
mount -t zfs rpool/local/root /mnt
# making the mount point /mnt/nix
mkdir -p -m 0755 /mnt/nix
# mounting rpool/local/nix
mount -t zfs rpool/local/nix /mnt/nix
# making the mount point /mnt/home
mkdir -p -m 0755 /mnt/home
# mounting rpool/safe/home
mount -t zfs rpool/safe/home /mnt/home
# making the mount point /mnt/persist
mkdir -p -m 0755 /mnt/persist
# mounting rpool/safe/persist
mount -t zfs rpool/safe/persist /mnt/persist
# making the mount point /mnt/boot
mkdir -p -m 0755 /mnt/boot
# mounting the ESP at /mnt/boot
mount -t vfat -o umask=0077 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /mnt/boot
# noting in the pool that nuke-disk is done
zfs set dabei:stage=nuke-disk dabei:configuration=4ebc7b3d57c5d734f2a40e384de378d2ad173534385d8a9b3d003337ecc9d5a8 rpool
# noting on the ESP that nuke-disk is done
write /mnt/boot/dabei/2-nuke-disk.json mode=0600 408 bytes
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > a disk full of remains > summary 1`] = `
everything on this disk will be destroyed: /dev/sda (40 GiB, sata, serial "A1"): gpt, /dev/sda1 linux_raid_member "old:0", /dev/md127 LVM2_member, /dev/mapper/vg-root ext4 mounted at /mnt/old, /dev/mapper/vg-home crypto_LUKS, /dev/mapper/home xfs mounted at /mnt/old/home, /dev/sda2 swap in use as swap, /dev/sda3 unknown, /dev/sda4 dos, /dev/sda5 zfs_member "rpool", rpool imported pool mounted at /mnt and /mnt/nix
  new: BIOS boot 1 MiB, ESP 1 GiB, swap 2 GiB, ZFS 37 GiB
pool rpool: single, aes-256-gcm, host id 0b9d9f06
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > an empty virtio disk, BIOS, little memory > finish 1`] = `
# writing everything to disk
sync
# unmounting /mnt
umount --recursive /mnt
# exporting the pool rpool
zpool export rpool
# checking that the pool rpool is exported (must print nothing)
zpool list -H -o name rpool
# turning off swap on /dev/mapper/dabei-swap-1
swapoff /dev/mapper/dabei-swap-1
# removing /dev/mapper/dabei-swap-1 and its key
dmsetup remove --retry dabei-swap-1
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > an empty virtio disk, BIOS, little memory > steps 1`] = `
# cancelling the return to the old system, if the timer is armed
/usr/lib/dabei/stay erasing
# destroying the partition table of /dev/disk/by-path/pci-0000:00:04.0 and its copy
sgdisk --zap-all /dev/disk/by-path/pci-0000:00:04.0
# discarding everything on /dev/disk/by-path/pci-0000:00:04.0
blkdiscard --force --step 1073741824 /dev/disk/by-path/pci-0000:00:04.0
# zeroing the first MiB of /dev/disk/by-path/pci-0000:00:04.0
dd if=/dev/zero of=/dev/disk/by-path/pci-0000:00:04.0 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-path/pci-0000:00:04.0
dd if=/dev/zero of=/dev/disk/by-path/pci-0000:00:04.0 bs=512 seek=41940992 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/disk/by-path/pci-0000:00:04.0
wipefs --all --force /dev/disk/by-path/pci-0000:00:04.0
# removing the old partitions of /dev/disk/by-path/pci-0000:00:04.0 from the kernel
blockdev --rereadpt /dev/disk/by-path/pci-0000:00:04.0
# waiting for udev
udevadm settle --timeout=60
# dropping cached blocks of /dev/disk/by-path/pci-0000:00:04.0
blockdev --flushbufs /dev/disk/by-path/pci-0000:00:04.0
# checking that no signature is left on /dev/disk/by-path/pci-0000:00:04.0 (must print nothing)
wipefs --no-act --noheadings --output DEVICE,OFFSET,TYPE,LABEL /dev/disk/by-path/pci-0000:00:04.0
# partitioning /dev/disk/by-path/pci-0000:00:04.0
sgdisk --clear --set-alignment=2048 --disk-guid=7bac0294-4abf-8568-97db-01251077a9bd --new=1:0:+1M --typecode=1:EF02 --partition-guid=1:57ec04d7-9cfd-8030-b03e-75074a796a3b --change-name=1:bios-boot --new=2:0:+1024M --typecode=2:EF00 --partition-guid=2:c874a19d-9bcc-83e0-b8c7-def277b719f1 --change-name=2:esp --new=3:0:+2048M --typecode=3:8200 --partition-guid=3:ee411b53-dad2-8448-ab38-a8fd9842f1fa --change-name=3:swap --new=4:0:0 --typecode=4:BF01 --partition-guid=4:95844ebe-cafd-8aeb-ae05-d8fa0b1095fc --change-name=4:zfs /dev/disk/by-path/pci-0000:00:04.0
# waiting for udev
udevadm settle --timeout=60
# waiting for the new partitions
udevadm wait --timeout=60 --settle /dev/disk/by-partuuid/57ec04d7-9cfd-8030-b03e-75074a796a3b /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 /dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa /dev/disk/by-partuuid/95844ebe-cafd-8aeb-ae05-d8fa0b1095fc
# zeroing all of /dev/disk/by-partuuid/57ec04d7-9cfd-8030-b03e-75074a796a3b
dd if=/dev/zero of=/dev/disk/by-partuuid/57ec04d7-9cfd-8030-b03e-75074a796a3b bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1
dd if=/dev/zero of=/dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1
dd if=/dev/zero of=/dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa
dd if=/dev/zero of=/dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa
dd if=/dev/zero of=/dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa bs=512 seek=4192256 count=2048 conv=notrunc,fsync
# erasing signatures on the new partitions
wipefs --all --force /dev/disk/by-partuuid/57ec04d7-9cfd-8030-b03e-75074a796a3b /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 /dev/disk/by-partuuid/ee411b53-dad2-8448-ab38-a8fd9842f1fa /dev/disk/by-partuuid/95844ebe-cafd-8aeb-ae05-d8fa0b1095fc
# formatting the ESP c874a19d-9bcc-83e0-b8c7-def277b719f1
mkfs.vfat -F 32 -n ESP /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1
# making the mount point /run/dabei/esp
mkdir -p -m 0755 /run/dabei/esp
# mounting the ESP c874a19d-9bcc-83e0-b8c7-def277b719f1 for the install state
mount -t vfat /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 /run/dabei/esp
# noting on the ESP that partitioned is done
write /run/dabei/esp/dabei/1-partitioned.json mode=0600 410 bytes
# unmounting the ESP c874a19d-9bcc-83e0-b8c7-def277b719f1
umount /run/dabei/esp
# loading the module for encrypted block devices
modprobe dm-crypt
# encrypting the swap partition ee411b53-dad2-8448-ab38-a8fd9842f1fa with a random key
dmsetup create dabei-swap-1 <<< [secret]
# waiting for /dev/mapper/dabei-swap-1
udevadm wait --timeout=60 /dev/mapper/dabei-swap-1
# formatting /dev/mapper/dabei-swap-1 as swap
mkswap /dev/mapper/dabei-swap-1
# swapping to /dev/mapper/dabei-swap-1
swapon --priority 10 /dev/mapper/dabei-swap-1
# setting the host id to 0b9d9f06
zgenhostid -f 0b9d9f06
# loading ZFS
modprobe zfs
# setting spl_hostid in the loaded module
echo 0x0b9d9f06 > /sys/module/spl/parameters/spl_hostid
# limiting ZFS' cache
echo 67108864 > /sys/module/zfs/parameters/zfs_arc_max
# creating the pool rpool
zpool create -f -o ashift=12 -o autotrim=on -o cachefile=none -o compatibility=openzfs-2.2 -R /mnt -m none -O canmount=off -O acltype=posixacl -O xattr=sa -O dnodesize=auto -O relatime=on -O compression=zstd -O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt rpool /dev/disk/by-partuuid/95844ebe-cafd-8aeb-ae05-d8fa0b1095fc <<< [secret]
# creating the dataset rpool/local
zfs create -o mountpoint=none -o canmount=off rpool/local
# creating the dataset rpool/local/root
zfs create -o mountpoint=legacy rpool/local/root
# snapshotting the empty root
zfs snapshot rpool/local/root@blank
# creating the dataset rpool/local/nix
zfs create -o mountpoint=legacy -o atime=off rpool/local/nix
# creating the dataset rpool/safe
zfs create -o mountpoint=none -o canmount=off rpool/safe
# creating the dataset rpool/safe/home
zfs create -o mountpoint=legacy rpool/safe/home
# creating the dataset rpool/safe/persist
zfs create -o mountpoint=legacy rpool/safe/persist
# creating the dataset rpool/reserved
zfs create -o mountpoint=none -o canmount=off -o refreservation=348M rpool/reserved
# making the mount point /mnt
mkdir -p -m 0755 /mnt
# mounting rpool/local/root
mount -t zfs rpool/local/root /mnt
# making the mount point /mnt/nix
mkdir -p -m 0755 /mnt/nix
# mounting rpool/local/nix
mount -t zfs rpool/local/nix /mnt/nix
# making the mount point /mnt/home
mkdir -p -m 0755 /mnt/home
# mounting rpool/safe/home
mount -t zfs rpool/safe/home /mnt/home
# making the mount point /mnt/persist
mkdir -p -m 0755 /mnt/persist
# mounting rpool/safe/persist
mount -t zfs rpool/safe/persist /mnt/persist
# making the mount point /mnt/boot
mkdir -p -m 0755 /mnt/boot
# mounting the ESP at /mnt/boot
mount -t vfat -o umask=0077 /dev/disk/by-partuuid/c874a19d-9bcc-83e0-b8c7-def277b719f1 /mnt/boot
# noting in the pool that nuke-disk is done
zfs set dabei:stage=nuke-disk dabei:configuration=4ebc7b3d57c5d734f2a40e384de378d2ad173534385d8a9b3d003337ecc9d5a8 rpool
# noting on the ESP that nuke-disk is done
write /mnt/boot/dabei/2-nuke-disk.json mode=0600 408 bytes
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > an empty virtio disk, BIOS, little memory > summary 1`] = `
everything on this disk will be destroyed: /dev/vda (20 GiB, virtio): empty
  new: BIOS boot 1 MiB, ESP 1 GiB, swap 2 GiB, ZFS 17 GiB
pool rpool: single, aes-256-gcm, host id 0b9d9f06
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > mirror > steps 1`] = `
# cancelling the return to the old system, if the timer is armed
/usr/lib/dabei/stay erasing
# destroying the partition table of /dev/disk/by-id/ata-WDC_A1 and its copy
sgdisk --zap-all /dev/disk/by-id/ata-WDC_A1
# discarding everything on /dev/disk/by-id/ata-WDC_A1
blkdiscard --force --step 1073741824 /dev/disk/by-id/ata-WDC_A1
# zeroing the first MiB of /dev/disk/by-id/ata-WDC_A1
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A1 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-id/ata-WDC_A1
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A1 bs=512 seek=41940992 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/disk/by-id/ata-WDC_A1
wipefs --all --force /dev/disk/by-id/ata-WDC_A1
# removing the old partitions of /dev/disk/by-id/ata-WDC_A1 from the kernel
blockdev --rereadpt /dev/disk/by-id/ata-WDC_A1
# waiting for udev
udevadm settle --timeout=60
# dropping cached blocks of /dev/disk/by-id/ata-WDC_A1
blockdev --flushbufs /dev/disk/by-id/ata-WDC_A1
# checking that no signature is left on /dev/disk/by-id/ata-WDC_A1 (must print nothing)
wipefs --no-act --noheadings --output DEVICE,OFFSET,TYPE,LABEL /dev/disk/by-id/ata-WDC_A1
# destroying the partition table of /dev/disk/by-id/ata-WDC_A2 and its copy
sgdisk --zap-all /dev/disk/by-id/ata-WDC_A2
# discarding everything on /dev/disk/by-id/ata-WDC_A2
blkdiscard --force --step 1073741824 /dev/disk/by-id/ata-WDC_A2
# zeroing the first MiB of /dev/disk/by-id/ata-WDC_A2
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A2 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-id/ata-WDC_A2
dd if=/dev/zero of=/dev/disk/by-id/ata-WDC_A2 bs=512 seek=41940992 count=2048 conv=notrunc,fsync
# erasing signatures on /dev/disk/by-id/ata-WDC_A2
wipefs --all --force /dev/disk/by-id/ata-WDC_A2
# removing the old partitions of /dev/disk/by-id/ata-WDC_A2 from the kernel
blockdev --rereadpt /dev/disk/by-id/ata-WDC_A2
# waiting for udev
udevadm settle --timeout=60
# dropping cached blocks of /dev/disk/by-id/ata-WDC_A2
blockdev --flushbufs /dev/disk/by-id/ata-WDC_A2
# checking that no signature is left on /dev/disk/by-id/ata-WDC_A2 (must print nothing)
wipefs --no-act --noheadings --output DEVICE,OFFSET,TYPE,LABEL /dev/disk/by-id/ata-WDC_A2
# partitioning /dev/disk/by-id/ata-WDC_A1
sgdisk --clear --set-alignment=2048 --disk-guid=1a18cc53-7569-850c-8782-07b26769d9b8 --new=1:0:+1M --typecode=1:EF02 --partition-guid=1:4cb06b9c-a49f-81e8-a15b-77ee1514d926 --change-name=1:bios-boot --new=2:0:+1024M --typecode=2:EF00 --partition-guid=2:dfdd36e2-c50b-835d-9ff0-6e44d7323da5 --change-name=2:esp --new=3:0:+1024M --typecode=3:8200 --partition-guid=3:22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 --change-name=3:swap --new=4:0:0 --typecode=4:BF01 --partition-guid=4:b609fe41-891c-8eac-96db-e438f6e99d13 --change-name=4:zfs /dev/disk/by-id/ata-WDC_A1
# partitioning /dev/disk/by-id/ata-WDC_A2
sgdisk --clear --set-alignment=2048 --disk-guid=8345fb49-21f7-80f0-be0f-3b70a27e70bc --new=1:0:+1M --typecode=1:EF02 --partition-guid=1:8598890b-d86e-87be-b4c2-6b97a0731f7f --change-name=1:bios-boot --new=2:0:+1024M --typecode=2:EF00 --partition-guid=2:5eaa1d3e-4728-8d4b-8336-360d58a288dd --change-name=2:esp --new=3:0:+1024M --typecode=3:8200 --partition-guid=3:a03fd032-a82c-8b86-b1f2-7b19c5a82305 --change-name=3:swap --new=4:0:0 --typecode=4:BF01 --partition-guid=4:801ffa58-77e2-8603-a8d4-f85bda8193ad --change-name=4:zfs /dev/disk/by-id/ata-WDC_A2
# waiting for udev
udevadm settle --timeout=60
# waiting for the new partitions
udevadm wait --timeout=60 --settle /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13 /dev/disk/by-partuuid/8598890b-d86e-87be-b4c2-6b97a0731f7f /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd /dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305 /dev/disk/by-partuuid/801ffa58-77e2-8603-a8d4-f85bda8193ad
# zeroing all of /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926
dd if=/dev/zero of=/dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
dd if=/dev/zero of=/dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
dd if=/dev/zero of=/dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8
dd if=/dev/zero of=/dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8
dd if=/dev/zero of=/dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# zeroing all of /dev/disk/by-partuuid/8598890b-d86e-87be-b4c2-6b97a0731f7f
dd if=/dev/zero of=/dev/disk/by-partuuid/8598890b-d86e-87be-b4c2-6b97a0731f7f bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd
dd if=/dev/zero of=/dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd
dd if=/dev/zero of=/dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305
dd if=/dev/zero of=/dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305 bs=512 seek=0 count=2048 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305
dd if=/dev/zero of=/dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305 bs=512 seek=2095104 count=2048 conv=notrunc,fsync
# erasing signatures on the new partitions
wipefs --all --force /dev/disk/by-partuuid/4cb06b9c-a49f-81e8-a15b-77ee1514d926 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /dev/disk/by-partuuid/22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13 /dev/disk/by-partuuid/8598890b-d86e-87be-b4c2-6b97a0731f7f /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd /dev/disk/by-partuuid/a03fd032-a82c-8b86-b1f2-7b19c5a82305 /dev/disk/by-partuuid/801ffa58-77e2-8603-a8d4-f85bda8193ad
# formatting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5
mkfs.vfat -F 32 -n ESP /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5
# making the mount point /run/dabei/esp
mkdir -p -m 0755 /run/dabei/esp
# mounting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5 for the install state
mount -t vfat /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /run/dabei/esp
# noting on the ESP that partitioned is done
write /run/dabei/esp/dabei/1-partitioned.json mode=0600 586 bytes
# unmounting the ESP dfdd36e2-c50b-835d-9ff0-6e44d7323da5
umount /run/dabei/esp
# formatting the ESP 5eaa1d3e-4728-8d4b-8336-360d58a288dd
mkfs.vfat -F 32 -n ESP /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd
# making the mount point /run/dabei/esp
mkdir -p -m 0755 /run/dabei/esp
# mounting the ESP 5eaa1d3e-4728-8d4b-8336-360d58a288dd for the install state
mount -t vfat /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd /run/dabei/esp
# noting on the ESP that partitioned is done
write /run/dabei/esp/dabei/1-partitioned.json mode=0600 586 bytes
# unmounting the ESP 5eaa1d3e-4728-8d4b-8336-360d58a288dd
umount /run/dabei/esp
# loading the module for encrypted block devices
modprobe dm-crypt
# encrypting the swap partition 22ee6fd4-cf70-81a7-bd4a-3bc3931774c8 with a random key
dmsetup create dabei-swap-1 <<< [secret]
# waiting for /dev/mapper/dabei-swap-1
udevadm wait --timeout=60 /dev/mapper/dabei-swap-1
# formatting /dev/mapper/dabei-swap-1 as swap
mkswap /dev/mapper/dabei-swap-1
# swapping to /dev/mapper/dabei-swap-1
swapon --priority 10 /dev/mapper/dabei-swap-1
# encrypting the swap partition a03fd032-a82c-8b86-b1f2-7b19c5a82305 with a random key
dmsetup create dabei-swap-2 <<< [secret]
# waiting for /dev/mapper/dabei-swap-2
udevadm wait --timeout=60 /dev/mapper/dabei-swap-2
# formatting /dev/mapper/dabei-swap-2 as swap
mkswap /dev/mapper/dabei-swap-2
# swapping to /dev/mapper/dabei-swap-2
swapon --priority 10 /dev/mapper/dabei-swap-2
# setting the host id to 0b9d9f06
zgenhostid -f 0b9d9f06
# loading ZFS
modprobe zfs
# setting spl_hostid in the loaded module
echo 0x0b9d9f06 > /sys/module/spl/parameters/spl_hostid
# limiting ZFS' cache
echo 268435456 > /sys/module/zfs/parameters/zfs_arc_max
# creating the pool rpool
zpool create -f -o ashift=12 -o autotrim=on -o cachefile=none -o compatibility=openzfs-2.2 -R /mnt -m none -O canmount=off -O acltype=posixacl -O xattr=sa -O dnodesize=auto -O relatime=on -O compression=zstd -O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt rpool mirror /dev/disk/by-partuuid/b609fe41-891c-8eac-96db-e438f6e99d13 /dev/disk/by-partuuid/801ffa58-77e2-8603-a8d4-f85bda8193ad <<< [secret]
# creating the dataset rpool/local
zfs create -o mountpoint=none -o canmount=off rpool/local
# creating the dataset rpool/local/root
zfs create -o mountpoint=legacy rpool/local/root
# snapshotting the empty root
zfs snapshot rpool/local/root@blank
# creating the dataset rpool/local/nix
zfs create -o mountpoint=legacy -o atime=off rpool/local/nix
# creating the dataset rpool/safe
zfs create -o mountpoint=none -o canmount=off rpool/safe
# creating the dataset rpool/safe/home
zfs create -o mountpoint=legacy rpool/safe/home
# creating the dataset rpool/safe/persist
zfs create -o mountpoint=legacy rpool/safe/persist
# creating the dataset rpool/reserved
zfs create -o mountpoint=none -o canmount=off -o refreservation=368M rpool/reserved
# making the mount point /mnt
mkdir -p -m 0755 /mnt
# mounting rpool/local/root
mount -t zfs rpool/local/root /mnt
# making the mount point /mnt/nix
mkdir -p -m 0755 /mnt/nix
# mounting rpool/local/nix
mount -t zfs rpool/local/nix /mnt/nix
# making the mount point /mnt/home
mkdir -p -m 0755 /mnt/home
# mounting rpool/safe/home
mount -t zfs rpool/safe/home /mnt/home
# making the mount point /mnt/persist
mkdir -p -m 0755 /mnt/persist
# mounting rpool/safe/persist
mount -t zfs rpool/safe/persist /mnt/persist
# making the mount point /mnt/boot
mkdir -p -m 0755 /mnt/boot
# mounting the ESP at /mnt/boot
mount -t vfat -o umask=0077 /dev/disk/by-partuuid/dfdd36e2-c50b-835d-9ff0-6e44d7323da5 /mnt/boot
# making the mount point /mnt/boot-2
mkdir -p -m 0755 /mnt/boot-2
# mounting the ESP at /mnt/boot-2
mount -t vfat -o umask=0077 /dev/disk/by-partuuid/5eaa1d3e-4728-8d4b-8336-360d58a288dd /mnt/boot-2
# noting in the pool that nuke-disk is done
zfs set dabei:stage=nuke-disk dabei:configuration=c3f62ce8569cf597cfe8a6536efd284263d6d82f0b771c1cc956230c277ba8f4 rpool
# noting on the ESP that nuke-disk is done
write /mnt/boot/dabei/2-nuke-disk.json mode=0600 584 bytes
# noting on the ESP that nuke-disk is done
write /mnt/boot-2/dabei/2-nuke-disk.json mode=0600 584 bytes
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > mirror > summary 1`] = `
everything on this disk will be destroyed: /dev/sda (20 GiB, sata, serial "A1"): empty
  new: BIOS boot 1 MiB, ESP 1 GiB, swap 1 GiB, ZFS 18 GiB
everything on this disk will be destroyed: /dev/sdb (20 GiB, sata, serial "A2"): empty
  new: BIOS boot 1 MiB, ESP 1 GiB, swap 1 GiB, ZFS 18 GiB
pool rpool: mirror, aes-256-gcm, host id 0b9d9f06
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > NVMe with sectors of 4096 bytes, UEFI, no swap > finish 1`] = `
# writing everything to disk
sync
# unmounting /mnt
umount --recursive /mnt
# exporting the pool rpool
zpool export rpool
# checking that the pool rpool is exported (must print nothing)
zpool list -H -o name rpool
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > NVMe with sectors of 4096 bytes, UEFI, no swap > steps 1`] = `
# cancelling the return to the old system, if the timer is armed
/usr/lib/dabei/stay erasing
# destroying the partition table of /dev/disk/by-id/nvme-Samsung_980_S64D and its copy
sgdisk --zap-all /dev/disk/by-id/nvme-Samsung_980_S64D
# discarding everything on /dev/disk/by-id/nvme-Samsung_980_S64D
blkdiscard --force --step 1073741824 /dev/disk/by-id/nvme-Samsung_980_S64D
# zeroing the first MiB of /dev/disk/by-id/nvme-Samsung_980_S64D
dd if=/dev/zero of=/dev/disk/by-id/nvme-Samsung_980_S64D bs=4096 seek=0 count=256 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-id/nvme-Samsung_980_S64D
dd if=/dev/zero of=/dev/disk/by-id/nvme-Samsung_980_S64D bs=4096 seek=131071744 count=256 conv=notrunc,fsync
# erasing signatures on /dev/disk/by-id/nvme-Samsung_980_S64D
wipefs --all --force /dev/disk/by-id/nvme-Samsung_980_S64D
# removing the old partitions of /dev/disk/by-id/nvme-Samsung_980_S64D from the kernel
blockdev --rereadpt /dev/disk/by-id/nvme-Samsung_980_S64D
# waiting for udev
udevadm settle --timeout=60
# dropping cached blocks of /dev/disk/by-id/nvme-Samsung_980_S64D
blockdev --flushbufs /dev/disk/by-id/nvme-Samsung_980_S64D
# checking that no signature is left on /dev/disk/by-id/nvme-Samsung_980_S64D (must print nothing)
wipefs --no-act --noheadings --output DEVICE,OFFSET,TYPE,LABEL /dev/disk/by-id/nvme-Samsung_980_S64D
# partitioning /dev/disk/by-id/nvme-Samsung_980_S64D
sgdisk --clear --set-alignment=256 --disk-guid=18456547-ec7e-8c31-a3ba-ffedd303a4e0 --new=1:0:+1M --typecode=1:EF02 --partition-guid=1:b51e7f52-0d5d-8ea3-92e8-df3612e00a78 --change-name=1:bios-boot --new=2:0:+1024M --typecode=2:EF00 --partition-guid=2:36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 --change-name=2:esp --new=4:0:0 --typecode=4:BF01 --partition-guid=4:64ff8fd6-5f26-8a0b-a832-a49df99345c9 --change-name=4:zfs /dev/disk/by-id/nvme-Samsung_980_S64D
# waiting for udev
udevadm settle --timeout=60
# waiting for the new partitions
udevadm wait --timeout=60 --settle /dev/disk/by-partuuid/b51e7f52-0d5d-8ea3-92e8-df3612e00a78 /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 /dev/disk/by-partuuid/64ff8fd6-5f26-8a0b-a832-a49df99345c9
# zeroing all of /dev/disk/by-partuuid/b51e7f52-0d5d-8ea3-92e8-df3612e00a78
dd if=/dev/zero of=/dev/disk/by-partuuid/b51e7f52-0d5d-8ea3-92e8-df3612e00a78 bs=4096 seek=0 count=256 conv=notrunc,fsync
# zeroing the first MiB of /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229
dd if=/dev/zero of=/dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 bs=4096 seek=0 count=256 conv=notrunc,fsync
# zeroing the last MiB of /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229
dd if=/dev/zero of=/dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 bs=4096 seek=261888 count=256 conv=notrunc,fsync
# erasing signatures on the new partitions
wipefs --all --force /dev/disk/by-partuuid/b51e7f52-0d5d-8ea3-92e8-df3612e00a78 /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 /dev/disk/by-partuuid/64ff8fd6-5f26-8a0b-a832-a49df99345c9
# formatting the ESP 36ed69b5-a9f1-8f7d-8bca-5b0c1935c229
mkfs.vfat -F 32 -n ESP /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229
# making the mount point /run/dabei/esp
mkdir -p -m 0755 /run/dabei/esp
# mounting the ESP 36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 for the install state
mount -t vfat /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 /run/dabei/esp
# noting on the ESP that partitioned is done
write /run/dabei/esp/dabei/1-partitioned.json mode=0600 366 bytes
# unmounting the ESP 36ed69b5-a9f1-8f7d-8bca-5b0c1935c229
umount /run/dabei/esp
# setting the host id to 0b9d9f06
zgenhostid -f 0b9d9f06
# loading ZFS
modprobe zfs
# setting spl_hostid in the loaded module
echo 0x0b9d9f06 > /sys/module/spl/parameters/spl_hostid
# limiting ZFS' cache
echo 2147483648 > /sys/module/zfs/parameters/zfs_arc_max
# creating the pool rpool
zpool create -f -o ashift=12 -o autotrim=on -o cachefile=none -o compatibility=openzfs-2.2 -R /mnt -m none -O canmount=off -O acltype=posixacl -O xattr=sa -O dnodesize=auto -O relatime=on -O compression=zstd -O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt rpool /dev/disk/by-partuuid/64ff8fd6-5f26-8a0b-a832-a49df99345c9 <<< [secret]
# creating the dataset rpool/local
zfs create -o mountpoint=none -o canmount=off rpool/local
# creating the dataset rpool/local/root
zfs create -o mountpoint=legacy rpool/local/root
# snapshotting the empty root
zfs snapshot rpool/local/root@blank
# creating the dataset rpool/local/nix
zfs create -o mountpoint=legacy -o atime=off rpool/local/nix
# creating the dataset rpool/safe
zfs create -o mountpoint=none -o canmount=off rpool/safe
# creating the dataset rpool/safe/home
zfs create -o mountpoint=legacy rpool/safe/home
# creating the dataset rpool/safe/persist
zfs create -o mountpoint=legacy rpool/safe/persist
# creating the dataset rpool/reserved
zfs create -o mountpoint=none -o canmount=off -o refreservation=1024M rpool/reserved
# making the mount point /mnt
mkdir -p -m 0755 /mnt
# mounting rpool/local/root
mount -t zfs rpool/local/root /mnt
# making the mount point /mnt/nix
mkdir -p -m 0755 /mnt/nix
# mounting rpool/local/nix
mount -t zfs rpool/local/nix /mnt/nix
# making the mount point /mnt/home
mkdir -p -m 0755 /mnt/home
# mounting rpool/safe/home
mount -t zfs rpool/safe/home /mnt/home
# making the mount point /mnt/persist
mkdir -p -m 0755 /mnt/persist
# mounting rpool/safe/persist
mount -t zfs rpool/safe/persist /mnt/persist
# making the mount point /mnt/boot
mkdir -p -m 0755 /mnt/boot
# mounting the ESP at /mnt/boot
mount -t vfat -o umask=0077 /dev/disk/by-partuuid/36ed69b5-a9f1-8f7d-8bca-5b0c1935c229 /mnt/boot
# noting in the pool that nuke-disk is done
zfs set dabei:stage=nuke-disk dabei:configuration=323acaa7f5535886631232a271a188b2f0a134761468aa4b5261a7c5c5ad5524 rpool
# noting on the ESP that nuke-disk is done
write /mnt/boot/dabei/2-nuke-disk.json mode=0600 364 bytes
`

exports[`test/unit/plan/disks/nuke-disk.test.ts > TAP > NVMe with sectors of 4096 bytes, UEFI, no swap > summary 1`] = `
everything on this disk will be destroyed: /dev/nvme0n1 (500 GiB, nvme, model "Samsung 980", serial "S64D"): empty
  new: BIOS boot 1 MiB, ESP 1 GiB, no swap, ZFS 499 GiB
pool rpool: single, aes-256-gcm, host id 0b9d9f06
`
