# The files that a PXE server serves.
{
  runCommand,
  kernel,
  initrd,
  target,
}:

runCommand "dabei-netboot" { } ''
  mkdir $out
  ln -s ${kernel}/${target.kernelFile} ${initrd}/initrd $out/
  # As scriptFor of image/media/netboot.ts.
  sed 's/bzImage/${target.kernelFile}/g; s/console=ttyS0,115200/${target.consoles}/g' \
    ${../../image/media/netboot.ipxe} > $out/netboot.ipxe
''
