# The kernel: tinyconfig and the fragments of kernel-config/, as in image/kernel/kernel.ts, from nixpkgs' source of the same series.
{
  lib,
  stdenv,
  linuxManualConfig,
  linuxKernel,
  buildPackages,
  flex,
  bison,
  bc,
  perl,
}:

let
  inherit (linuxKernel.kernels.linux_6_12) version src;

  fragments = lib.fileset.toSource {
    root = ../../kernel-config;
    fileset = lib.fileset.difference ../../kernel-config ../../kernel-config/test-only.config;
  };

  configfile = stdenv.mkDerivation {
    pname = "dabei-kernel-config";
    inherit version src;
    depsBuildBuild = [ buildPackages.stdenv.cc ];
    nativeBuildInputs = [
      bc
      bison
      flex
      perl
    ];
    postPatch = "patchShebangs scripts";
    buildPhase = ''
      make tinyconfig
      scripts/kconfig/merge_config.sh -m .config ${fragments}/*.config
      make olddefconfig
      # Kconfig drops a symbol whose dependencies are not met without a word.
      grep -h '^CONFIG_' ${fragments}/*.config | while read -r symbol; do
        grep -qxF "$symbol" .config || { echo "does not hold after the merge: $symbol"; exit 1; }
      done
    '';
    installPhase = "cp .config $out";
    dontFixup = true;
  };
in
linuxManualConfig {
  inherit version src configfile;
  pname = "linux-dabei";
  # What nixpkgs would otherwise read from a file that is only built.
  config = {
    CONFIG_MODULES = "y";
    CONFIG_FW_LOADER = "y";
    CONFIG_RUST = "n";
  };
  extraMeta.platforms = [ "x86_64-linux" ];
}
