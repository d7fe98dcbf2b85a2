# The kernel: tinyconfig, the fragments of kernel-config/ and those of the architecture, as in image/kernel/kernel.ts, from nixpkgs'
# source of the same series.
{
  lib,
  stdenv,
  target,
  linuxManualConfig,
  linuxKernel,
  buildPackages,
  emptyDirectory,
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

  # Only some architectures have fragments of their own; what is no fragment there is a file that one names.
  own =
    if builtins.pathExists (../../kernel-config + "/${target.machine}") then
      "${fragments}/${target.machine}"
    else
      emptyDirectory;

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
      # The last line of a symbol counts.
      cat ${fragments}/*.config $(find ${own}/ -name '*.config') |
        sed -nE 's/^((CONFIG_[A-Z0-9a-z_]+)=.*)$/\2 \1/p; s/^(# (CONFIG_[A-Z0-9a-z_]+) is not set)$/\2 \1/p' |
        tac | sort --unique --stable --key=1,1 | cut --delimiter=' ' --fields=2- > asked
      # The kernel is compiled from another copy of the source.
      sed -i 's|^\(CONFIG_BOOT_CONFIG_EMBED_FILE="\)\([^"]\)|\1${own}/\2|' asked
      scripts/kconfig/merge_config.sh -m .config asked
      make olddefconfig
      # Kconfig silently drops a symbol whose dependencies are not met.
      grep '^CONFIG_' asked | grep -v '=n$' | while read -r symbol; do
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
  target = target.kernelFile;
  # Boards without UEFI are no target.
  buildDTBs = false;
  # Otherwise nixpkgs would have to build the configuration file while it evaluates, to read these options from it.
  config = {
    CONFIG_MODULES = "y";
    CONFIG_FW_LOADER = "y";
    CONFIG_RUST = "n";
  };
  extraMeta.platforms = [ target.system ];
}
