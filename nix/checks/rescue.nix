# The image that Nix builds boots and contains dabei; a machine with an empty disk becomes a rescue system.
{ pkgs, packages }:

pkgs.testers.runNixOSTest {
  name = "dabei-rescue";
  nodes = { };
  testScript = ''
    machine = create_machine(
        "${pkgs.qemu_test}/bin/qemu-kvm -m 1024 -no-reboot -nic user,model=virtio-net-pci"
        " -kernel ${packages.kernel}/bzImage -initrd ${packages.initrd}/initrd -append console=ttyS0"
    )
    machine.start()
    machine.wait_for_console_text("stage 4/4 rescue: done")
    machine.crash()
  '';
}
