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
      # Kconfig silently drops a symbol whose dependencies are not met.
      grep -h '^CONFIG_' ${fragments}/*.config | while read -r symbol; do
        grep -qxF "$symbol" .config || { echo "missing after the merge: $symbol"; exit 1; }
      done
    '';
    installPhase = "cp .config $out";
    dontFixup = true;
  };
in
linuxManualConfig {
  inherit version src configfile;
  pname = "linux-dabei";
  # Otherwise nixpkgs would have to build the configuration file while it evaluates, to read these options from it.
  config = {
    CONFIG_MODULES = "y";
    CONFIG_FW_LOADER = "y";
    CONFIG_RUST = "n";
  };
  extraMeta.platforms = [ "x86_64-linux" ];
}
