# What the worlds install-disko-* have (test/vm/guests/disko-flakes.ts), as owners write it for disko.
let
  inherit (import ./parts.nix)
    disk
    filesystem
    rest
    first
    second
    luks
    swap
    ;
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

}
