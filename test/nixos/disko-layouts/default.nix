# Layouts as owners write them for disko, by name. The first four describe what the worlds install-disko-* have (test/vm/guests/disko-flakes.ts);
# the others have what their names say.
let
  disk = device: content: {
    inherit device content;
    type = "disk";
  };
  gpt = partitions: {
    inherit partitions;
    type = "gpt";
  };
  filesystem =
    format: mountpoint: more:
    {
      inherit format mountpoint;
      type = "filesystem";
    }
    // more;
  rest = content: {
    inherit content;
    size = "100%";
  };
  esp = {
    size = "64M";
    type = "EF00";
    content = filesystem "vfat" "/boot" { mountOptions = [ "umask=0077" ]; };
  };
  first = partitions: disk "/dev/vda" (gpt ({ ESP = esp; } // partitions));
  second = partitions: disk "/dev/vdb" (gpt partitions);
  luks =
    name: more:
    {
      inherit name;
      type = "luks";
      passwordFile = "/tmp/disk.key";
    }
    // more;
  swap = {
    type = "swap";
    discardPolicy = "once";
    priority = 5;
  };
in
{
  luks = {
    disk.main = first {
      swap = {
        size = "64M";
        content = swap;
      };
      luks = rest (
        luks "crypted" {
          settings.allowDiscards = true;
          content = filesystem "ext4" "/" { mountOptions = [ "noatime" ]; };
        }
      );
    };
  };

  btrfs = {
    disk.main = first {
      root = rest {
        type = "btrfs";
        extraArgs = [ "-f" ];
        subvolumes = {
          root = {
            mountpoint = "/";
            mountOptions = [ "compress=zstd" ];
            swap.swapfile.size = "64M";
          };
          home.mountpoint = "/home";
        };
      };
    };
  };

  lvm = {
    disk.main = first {
      raid = rest {
        type = "mdraid";
        name = "mirror";
      };
    };
    disk.second = second {
      free = {
        size = "64M";
        priority = 1;
      };
      raid = rest {
        type = "mdraid";
        name = "mirror";
      };
    };
    mdadm.mirror = {
      type = "mdadm";
      level = 1;
      content = {
        type = "lvm_pv";
        vg = "pool";
      };
    };
    lvm_vg.pool = {
      type = "lvm_vg";
      lvs.root = {
        size = "400M";
        content = filesystem "ext4" "/" { };
      };
      lvs.home = {
        size = "100%FREE";
        content = filesystem "xfs" "/home" { };
      };
    };
  };

  zfs = {
    disk.main = first {
      zfs = rest {
        type = "zfs";
        pool = "tank";
      };
    };
    zpool.tank = {
      type = "zpool";
      options.ashift = "12";
      rootFsOptions = {
        canmount = "off";
        compression = "zstd";
      };
      datasets.root = {
        type = "zfs_fs";
        mountpoint = "/";
        options = {
          mountpoint = "legacy";
          encryption = "aes-256-gcm";
          keyformat = "passphrase";
          keylocation = "file:///tmp/disk.key";
        };
        # The key comes from a file once, and is asked for from then on.
        postCreateHook = "zfs set keylocation=prompt tank/root";
      };
      datasets.data = {
        type = "zfs_volume";
        size = "128M";
        content = filesystem "ext4" "/data" { mountOptions = [ "nofail" ]; };
      };
    };
  };

  # By links of udev, which have names of their own for partitions, in RAM with what is kept below.
  tmpfs = {
    disk.main = disk "/dev/disk/by-id/virtio-first" (gpt {
      ESP = esp;
      nix = rest (filesystem "xfs" "/nix" { extraArgs = [ "-f" ]; });
    });
    nodev."/" = {
      fsType = "tmpfs";
      mountOptions = [ "size=25%" ];
    };
    nodev."/srv" = {
      fsType = "none";
      device = "/nix/srv";
      mountOptions = [ "bind" ];
    };
  };

  legacy-table = {
    disk.main = disk "/dev/disk/by-path/pci-0000:00:04.0" {
      type = "table";
      format = "msdos";
      partitions = [
        {
          name = "root";
          start = "1M";
          end = "100%";
          bootable = true;
          content = filesystem "ext4" "/" { };
        }
      ];
    };
  };

  hybrid-table = {
    disk.main = disk "/dev/nvme0n1" (gpt {
      TOW-BOOT-FI = {
        priority = 1;
        type = "EF00";
        size = "32M";
        content = filesystem "vfat" null { };
        hybrid.mbrPartitionType = "0x0c";
      };
      root = rest (filesystem "ext4" "/" { });
    });
  };

  btrfs-raid = {
    disk.a = disk "/dev/vda" (gpt {
      ESP = esp;
      one = rest (luks "one" { });
    });
    disk.b = second {
      two = rest (
        luks "two" {
          settings.keyFile = "/run/keys/disk.key";
          additionalKeyFiles = [ "/tmp/second.key" ];
          content = {
            type = "btrfs";
            extraArgs = [
              "-d raid1"
              "/dev/mapper/one"
            ];
            subvolumes."/root".mountpoint = "/";
          };
        }
      );
    };
  };

  lvm-thin = {
    disk.main = first {
      pv = rest {
        type = "lvm_pv";
        vg = "pool";
      };
    };
    lvm_vg.pool = {
      type = "lvm_vg";
      lvs.thin = {
        size = "100%";
        lvm_type = "thin-pool";
      };
      lvs.root = {
        size = "1G";
        lvm_type = "thinlv";
        pool = "thin";
        content = filesystem "ext4" "/" { };
      };
    };
  };

  md-boot = {
    disk.main = disk "/dev/sda" (gpt {
      boot = {
        size = "1M";
        type = "EF02";
      };
      mdadm = rest {
        type = "mdraid";
        name = "raid1";
      };
    });
    disk.second = disk "/dev/sdb" (gpt {
      boot = {
        size = "1M";
        type = "EF02";
      };
      mdadm = rest {
        type = "mdraid";
        name = "raid1";
      };
    });
    mdadm.raid1 = {
      type = "mdadm";
      level = 1;
      content = gpt { primary = rest (filesystem "ext4" "/" { }); };
    };
  };

  zfs-vdevs = {
    disk.x = first {
      zfs = rest {
        type = "zfs";
        pool = "tank";
      };
    };
    disk.y = second {
      zfs = rest {
        type = "zfs";
        pool = "tank";
      };
    };
    disk.cache = disk "/dev/vdc" {
      type = "zfs";
      pool = "tank";
    };
    zpool.tank = {
      type = "zpool";
      mode.topology = {
        type = "topology";
        vdev = [
          {
            mode = "mirror";
            members = [
              "x"
              "y"
            ];
          }
        ];
        cache = [ "/dev/vdc" ];
      };
      mountpoint = "/";
      rootFsOptions = {
        encryption = "on";
        keyformat = "passphrase";
        keylocation = "prompt";
      };
      datasets = { };
    };
  };

  f2fs.disk.main = first { root = rest (filesystem "f2fs" "/" { }); };

  bcachefs = {
    disk.main = first {
      root = rest {
        type = "bcachefs";
        filesystem = "pool";
      };
    };
    bcachefs_filesystems.pool = {
      type = "bcachefs_filesystem";
      mountpoint = "/";
    };
  };

  asks = {
    disk.main = first {
      luks = rest (
        luks "crypted" {
          passwordFile = null;
          content = filesystem "ext4" "/" { };
        }
      );
    };
  };

  keeps = {
    disk.main = first { root = rest (filesystem "ext4" "/" { }); };
    disk.data = second { data = rest (filesystem "ext4" "/srv" { }); } // {
      destroy = false;
    };
  };
}
