# The module sets the machine's name and network from runtime-info.json. The test uses QEMU's own disk.
{ module }:

{ lib, ... }:

{
  name = "dabei-runtime-info";

  # The module sets nixpkgs.hostPlatform.
  node.pkgsReadOnly = false;

  nodes.machine = {
    imports = [ module ];
    dabei.host = lib.importJSON ./runtime-info.json;
    # QEMU loads the kernel directly, and the disk has no ZFS.
    boot.supportedFilesystems.zfs = lib.mkForce false;
    boot.loader.grub.enable = lib.mkForce false;
    boot.initrd.network.ssh.enable = lib.mkForce false;
    boot.initrd.network.enable = lib.mkForce false;
    boot.initrd.systemd.network.enable = lib.mkForce false;
    swapDevices = lib.mkForce [ ];
    networking.useDHCP = lib.mkForce false;
    networking.interfaces = lib.mkForce { };
  };

  testScript = ''
    machine.wait_for_unit("sshd.service")
    assert machine.succeed("hostname").strip() == "web-01"
    assert machine.succeed("hostid").strip() == "8425e349"
    machine.succeed("grep -q 'Address=198.51.100.7/32' /etc/systemd/network/10-525400123456.network")
    machine.succeed("grep -q admin@example /etc/ssh/authorized_keys.d/root")
  '';
}
