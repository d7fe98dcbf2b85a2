# What layouts for disko are made of.
rec {
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
}
