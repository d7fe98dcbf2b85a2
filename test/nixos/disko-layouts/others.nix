# Layouts that no world has: they have what their names say.
let
  inherit (import ./parts.nix)
    disk
    gpt
    filesystem
    rest
    esp
    first
    second
    luks
    ;
in
{
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
