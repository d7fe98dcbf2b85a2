# One installation: a node with a binary cache, and a machine that dabei installs from it and that then starts from its disks alone.
{
  pkgs,
  packages,
  module,
  # Store path of nixpkgs.
  source,
  name,
  machine,
  # dabei gets a flake instead of a store path.
  evaluates ? false,
  disko ? null,
}:

let
  inherit (pkgs) lib;
  inherit (import (pkgs.path + "/nixos/tests/ssh-keys.nix") pkgs) snakeOilPrivateKey snakeOilPublicKey;
  inherit (machine) runtimeInfo;

  systems = import ./systems.nix {
    inherit
      pkgs
      module
      machine
      disko
      ;
    publicKey = snakeOilPublicKey;
  };
  installed = if disko == null then systems.prebuilt else systems.withDisko;
  inherit (installed.config.system.build) toplevel;

  # What evaluating the generated flake builds again: it has another label than the system above.
  buildInputs = map (built: built.inputDerivation) [
    toplevel
    installed.config.system.build.etc
    installed.config.system.build.initialRamdisk
  ];
  nixpkgs = pkgs.runCommand "nixpkgs.tar.gz" { } ''
    tar -C ${source} --transform 's,^[.],nixpkgs,' -czf $out .
  '';
  roots = [
    toplevel
  ]
  ++ lib.optional (disko != null) installed.config.system.build.diskoScript
  ++ lib.optionals evaluates buildInputs;

  # The configuration without what is known only when the test runs: the host key and the cache's key.
  config = machine.config // {
    rootAuthorizedKeys = [ snakeOilPublicKey ];
    disks =
      if disko == null then
        machine.config.disks
      else
        {
          layout = "disko";
          inherit (machine.config.disks) devices wipe;
        };
    system = {
      substituters = [ "http://192.168.1.1/cache" ];
    }
    // (
      if evaluates then
        { nixpkgs = "http://192.168.1.1/nixpkgs.tar.gz"; }
      else
        { storePath = toplevel; }
        // lib.optionalAttrs (disko != null) { diskoScript = installed.config.system.build.diskoScript; }
    );
  };

  uefi = runtimeInfo.firmware == "uefi";
in
pkgs.testers.runNixOSTest {
  name = "dabei-install-${name}";

  # 192.168.1.1
  nodes.cache = {
    virtualisation = {
      additionalPaths = roots;
      diskSize = 16 * 1024;
      memorySize = 2048;
    };
    services.nginx = {
      enable = true;
      virtualHosts.cache = {
        default = true;
        root = "/srv";
      };
    };
    networking.firewall.enable = false;
    environment.etc = {
      "config.json".text = builtins.toJSON config;
      "id" = {
        source = snakeOilPrivateKey;
        mode = "0600";
      };
    };
  };

  testScript = ''
    import json
    # JSON is a string literal of Python, too.
    facts = json.loads(${builtins.toJSON (
      builtins.toJSON {
        inherit uefi evaluates;
        encrypted = disko == null;
        address = "192.168.1.77";
        inherit ((lib.head machine.config.network.interfaces)) mac;
        passphrase = machine.config.disks.key;
        serials = map (disk: lib.last (lib.splitString "-" disk.path)) runtimeInfo.disks;
        inherit (runtimeInfo) hostName hostId;
        toplevel = "${toplevel}";
        roots = map toString roots;
        nixpkgs = if evaluates then "${nixpkgs}" else null;
        kernel = "${packages.kernel}/bzImage";
        initrd = "${packages.initrd}/initrd";
        qemu = "${pkgs.qemu_test}/bin";
        firmware = if uefi then pkgs.OVMF.firmware else null;
        variables = if uefi then pkgs.OVMF.variables else null;
        publicKey = snakeOilPublicKey;
      }
    )})
    ${builtins.readFile ./test.py}
  '';
}
