# Evaluates a generated host flake against a nixpkgs tree, without the network: the flake's outputs are called with
# that tree as input. Yields what test/nixos/evaluate.ts asserts.
#   nix-instantiate --eval --strict --json test/nixos/evaluate.nix --arg nixpkgs PATH --arg directory PATH
{
  nixpkgs,
  directory,
}:

let
  lib = import (nixpkgs + "/lib");
  nixosSystem = args: import (nixpkgs + "/nixos/lib/eval-config.nix") ({ system = null; } // args);
  flake = import (directory + "/flake.nix");
  outputs = flake.outputs {
    nixpkgs.lib = lib // {
      inherit nixosSystem;
    };
    config = import ./user-flake.nix { inherit nixosSystem; };
  };
  system = lib.head (lib.attrValues outputs.nixosConfigurations);
  inherit (system) config;
  unitsOf =
    units:
    lib.mapAttrs (_: unit: unit.text) (
      lib.filterAttrs (name: _: builtins.match ".*[.](network|netdev)" name != null) units
    );
in
{
  toplevel = config.system.build.toplevel.drvPath;
  inherit (config) warnings;
  failedAssertions = map (entry: entry.message) (lib.filter (entry: !entry.assertion) config.assertions);
  networkUnits = unitsOf config.systemd.network.units;
  initrdNetworkUnits = unitsOf config.boot.initrd.systemd.network.units;
  fileSystems = lib.mapAttrs (_: fs: { inherit (fs) device fsType options; }) config.fileSystems;
  inherit (config.boot) resumeDevice;
  initrdLuks = lib.attrNames config.boot.initrd.luks.devices;
  inherit (config.boot.zfs) requestEncryptionCredentials;
  swap = map (swap: swap.device) config.swapDevices;
  inherit (config.networking)
    hostName
    domain
    hostId
    useDHCP
    useNetworkd
    nameservers
    ;
  defaultGateways = lib.filter (gateway: gateway != null) [
    config.networking.defaultGateway
    config.networking.defaultGateway6
  ];
  scripted = lib.mapAttrs (
    _: interface:
    let
      families = [
        interface.ipv4
        interface.ipv6
      ];
    in
    {
      inherit (interface) useDHCP mtu;
      addresses = lib.concatMap (
        family: map ({ address, prefixLength, ... }: "${address}/${toString prefixLength}") family.addresses
      ) families;
      routes = lib.concatMap (family: map ({ address, via, ... }: "${address} ${toString via}") family.routes) families;
    }
  ) config.networking.interfaces;
  dhcpcd = config.networking.dhcpcd.extraConfig;
  advertisements = lib.filterAttrs (
    name: _: builtins.match "net[.]ipv6[.]conf[.].*[.](accept_ra.*|ra_defrtr_metric)" name != null
  ) config.boot.kernel.sysctl;
  networkdEnabled = config.systemd.network.enable;
  networkManager = config.networking.networkmanager.enable;
  links = lib.mapAttrs (_: link: link.linkConfig.Name or null) config.systemd.network.links;
  firmware = config.hardware.enableRedistributableFirmware;
  microcode = {
    amd = config.hardware.cpu.amd.updateMicrocode;
    intel = config.hardware.cpu.intel.updateMicrocode;
  };
  initrdSsh = {
    inherit (config.boot.initrd.network.ssh) enable port;
    keys = config.boot.initrd.network.ssh.authorizedKeys;
  };
  # What `unlock` relies on in stage 1.
  unlock =
    let
      stage1 = config.boot.initrd.systemd;
      service = name: {
        inherit (stage1.services.${name})
          after
          before
          requiredBy
          wantedBy
          ;
      };
      named = prefix: names: lib.filter (lib.hasPrefix prefix) (lib.attrNames names);
    in
    {
      program = builtins.match "/nix/store/[^/]+-unlock" (toString stage1.extraBin.unlock) != null;
      pools = stage1.contents."/etc/unlock.conf".text;
      imports = lib.genAttrs (named "zfs-import-" stage1.services) service;
      sshd = (service "sshd").wantedBy;
      shell = stage1.users.root.shell;
      packages = map lib.getName stage1.initrdBin;
      programs = lib.attrNames stage1.extraBin;
      # default.target, to which `unlock` returns.
      initrdTarget = stage1.targets.initrd.aliases;
    };
  initrdModules = config.boot.initrd.availableKernelModules;
  initrdSecrets = config.boot.initrd.secrets;
  supportsInitrdSecrets = config.boot.loader.supportsInitrdSecrets;
  grub = {
    inherit (config.boot.loader.grub) enable;
    mirroredBoots = map (boot: { inherit (boot) path devices; }) config.boot.loader.grub.mirroredBoots;
  };
  systemdBoot = config.boot.loader.systemd-boot.enable;
  # What the rescue entry adds, without the hashes of store paths.
  rescue =
    let
      inherit (config.boot.loader) grub systemd-boot;
      plain = text: lib.concatStrings (lib.filter lib.isString (builtins.split "/nix/store/[0-9a-z]{32}-" text));
    in
    {
      systemdBoot = plain systemd-boot.extraInstallCommands;
      grub = plain grub.extraInstallCommands;
      grubEntries = grub.extraEntries;
      checks = lib.mapAttrs (_: plain) (config.system.preSwitchChecks or { });
    };
  # What the first boot on trial adds: its units, and nothing without it.
  trial =
    let
      unit =
        services:
        lib.mapAttrs (_: service: {
          inherit (service) after wantedBy;
          conditions = lib.filterAttrs (name: _: lib.hasPrefix "Condition" name) service.unitConfig;
          dependencies = service.unitConfig.DefaultDependencies or "yes";
          staysOnIsolate = service.unitConfig.IgnoreOnIsolate or false;
          variables = lib.filter (line: builtins.match "[a-z0-9_]+='?[^ ]*( [^ ]*)*" line != null) (
            lib.take 11 (lib.splitString "\n" service.script)
          );
        }) (lib.filterAttrs (name: _: lib.hasPrefix "dabei-trial" name) services);
    in
    {
      stage1 = unit config.boot.initrd.systemd.services;
      system = unit config.systemd.services;
    };
  inherit (config.boot) kernelParams;
  zfs = {
    inherit (config.boot.zfs) devNodes forceImportRoot;
  };
  sshPorts = config.services.openssh.ports;
  hostKeys = map (key: key.path) config.services.openssh.hostKeys;
  inherit (config.system) stateVersion;
}
