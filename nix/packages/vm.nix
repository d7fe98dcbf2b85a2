# `nix run .#vm`: the rescue system in QEMU with an empty disk; SSH on port 2222 of this machine.
{
  lib,
  writeShellApplication,
  qemu_kvm,
  coreutils,
  kernel,
  initrd,
  target,
}:

writeShellApplication {
  name = "dabei-vm";
  runtimeInputs = [
    coreutils
    qemu_kvm
  ];
  text = ''
    directory=$(mktemp -d)
    trap 'rm -rf "$directory"' EXIT
    truncate -s 8G "$directory/disk"
    parameters="console=${target.console}"
    for key in ~/.ssh/id_ed25519.pub ~/.ssh/id_ecdsa.pub ~/.ssh/id_rsa.pub; do
      if [ -r "$key" ]; then
        parameters="$parameters dabei.authorized_key=$(base64 -w0 "$key")"
      fi
    done
    echo "ssh -p 2222 root@127.0.0.1; Ctrl-A X ends it"
    ${target.qemu} -cpu max -smp 2 -m "''${MEMORY:-1024}" -nographic -no-reboot \
      -kernel ${kernel}/${target.kernelFile} -initrd ${initrd}/initrd -append "$parameters $*" \
      -drive file="$directory/disk",format=raw,if=none,id=disk -device virtio-blk-pci,drive=disk,serial=empty \
      -nic user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:2222-:22
  '';
  meta.mainProgram = "dabei-vm";
}
