# The kexec bundle: image/media/bundle with kernel, initrd, and static kexec and ip, as in image/media/kexec-bundle.ts.
{
  lib,
  runCommand,
  kernel,
  initrd,
  pkgsStatic,
  target,
}:

runCommand "nix-dabei-kexec-${target.system}" { } ''
  mkdir -p kexec $out
  cp ${kernel}/${target.kernelFile} ${initrd}/initrd ${initrd}/offset kexec/
  echo ${target.machine} >kexec/machine
  # As kernelFile of image/media/kexec-bundle.ts and unpackedBytes of image/media/zboot.ts.
  kernel=kexec/${target.kernelFile}
  echo ${target.kernelFile} >kexec/kernel
  number() { od -An -tu4 -j "$1" -N 4 "$kernel" | tr -d ' '; }
  if [ "$(head -c 8 "$kernel" | tail -c 4 | tr -d '\0')" = zimg ]; then
    unpacked=$(number $(($(number 8) + $(number 12) - 4)))
    echo $(($(stat -c %s "$kernel") + 2 * unpacked)) >>kexec/kernel
  fi
  cp -r ${../../image/media/bundle/run} kexec/run
  cp -r ${../../image/media/bundle/lib} kexec/lib
  cp ${pkgsStatic.kexec-tools}/bin/kexec kexec/kexec
  cp ${pkgsStatic.iproute2}/bin/ip kexec/ip
  chmod -R u+w kexec
  chmod 755 kexec/run kexec/kexec kexec/ip

  # The preflight compares the files with these sizes.
  {
    printf '{"version": 1, "kernel": "%s", "files": {' ${lib.escapeShellArg kernel.modDirVersion}
    comma=
    for name in ${target.kernelFile} initrd; do
      printf '%s"%s": {"bytes": %s, "sha256": "%s"}' "$comma" $name \
        "$(stat -c %s kexec/$name)" "$(sha256sum < kexec/$name | cut -d' ' -f1)"
      comma=', '
    done
    printf '}}\n'
  } > kexec/image.json
  (cd kexec && find . -type f -printf '%P\n' | sort | xargs sha256sum > ../SHA256SUMS)
  mv SHA256SUMS kexec/

  tar --create --format=ustar --mode=u+rwX,go+rX,go-w --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner kexec |
    gzip --no-name -1 > $out/nix-dabei-kexec-${target.system}.tar.gz
''
