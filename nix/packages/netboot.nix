# The files that a PXE server serves.
{
  runCommand,
  kernel,
  initrd,
}:

runCommand "dabei-netboot" { } ''
  mkdir $out
  ln -s ${kernel}/bzImage ${initrd}/initrd $out/
  cp ${../../image/media/netboot.ipxe} $out/netboot.ipxe
''
