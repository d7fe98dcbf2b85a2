# The agent: the bundle of image/agent/bundle.ts, run by nixpkgs' Node instead of being one executable with Node.
{
  lib,
  sourceOf,
  buildNpmPackage,
  importNpmLock,
  makeWrapper,
  nodejs-slim,
}:

let
  # The lock file omits the address of packages that come from npm's own registry.
  lock = lib.importJSON ../../package-lock.json;
  nameOf = path: lib.last (lib.splitString "node_modules/" path);
  packageLock = lock // {
    packages = lib.mapAttrs (
      path: package:
      let
        name = package.name or (nameOf path);
      in
      lib.optionalAttrs (path != "") {
        resolved = "https://registry.npmjs.org/${name}/-/${baseNameOf name}-${package.version}.tgz";
      }
      // package
    ) lock.packages;
  };
in
buildNpmPackage {
  pname = "dabei";
  inherit (lib.importJSON ../../package.json) version;

  src = sourceOf [
    ../../agent
    ../../image
    ../host-flake
    ../infra
    ../infra-host.nix
    ../../package.json
    ../../package-lock.json
    ../../tsconfig.json
  ];

  # Fetches every package by its hash in the lock file.
  npmDeps = importNpmLock {
    npmRoot = ../..;
    inherit packageLock;
  };
  inherit (importNpmLock) npmConfigHook;

  nativeBuildInputs = [ makeWrapper ];

  buildPhase = ''
    runHook preBuild
    node --import=tsx --eval "import('./image/agent/bundle.ts').then(({ bundle }) => bundle('dabei.cjs'))"
    node --import=tsx --eval "import('./image/rootfs/registry.ts').then(({ flakeRegistry }) => process.stdout.write(flakeRegistry()))" \
      > registry.json
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -D dabei.cjs $out/lib/dabei.cjs
    # For /etc/nix of the image.
    install -D -m 644 registry.json $out/share/dabei/registry.json
    makeWrapper ${lib.getExe' nodejs-slim "node"} $out/bin/dabei --add-flags $out/lib/dabei.cjs
    # dabei chooses its command by the name that starts it (agent/names.ts).
    for name in nixos-install nixos-generate-config nixos-facter unlock; do
      makeWrapper ${lib.getExe' nodejs-slim "node"} $out/bin/$name \
        --argv0 $name --add-flags $out/lib/dabei.cjs
    done
    runHook postInstall
  '';

  meta = {
    description = "Installs NixOS on natively encrypted ZFS from an initrd";
    license = lib.licenses.mit;
    mainProgram = "dabei";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
