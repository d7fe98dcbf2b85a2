# File systems, boot loader, network and SSH of this machine, from runtime-info.json.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  host = lib.importJSON ./runtime-info.json;

  # Where the system comes from a flake of your own, these settings replace what it says, each as a whole: with half
  # of another machine's disks or addresses this one would not start. Otherwise they are ordinary definitions.
  wraps = host.flake != null;
  own = if wraps then lib.mkForce else lib.id;

  byPartuuid = partuuid: "/dev/disk/by-partuuid/${partuuid}";
  uefi = host.firmware == "uefi";
  redundant = lib.length host.disks > 1;

  # As many generations as find room on the ESP of 512 MiB, each with a kernel and an initrd of its own.
  limit = 5;

  given = lib.filterAttrs (_: value: value != null);
  yes = value: if value then true else null;

  # One networkd unit for each interface. Hardware is recognised by its permanent MAC address, since names may change.
  networks =
    if host.network.interfaces == [ ] then
      {
        "10-ethernet" = {
          # Hardware has no kind; bridges, bonds and the interfaces of containers do.
          matchConfig = {
            Type = "ether";
            Kind = "!*";
          };
          networkConfig = dns // {
            DHCP = "yes";
            IPv6AcceptRA = true;
          };
        };
      }
    else
      lib.listToAttrs (
        map (interface: {
          name = unitName interface;
          value = network interface;
        }) host.network.interfaces
      );

  unitName =
    interface:
    "10-"
    + (if interface.mac == null then interface.name else lib.replaceStrings [ ":" ] [ "" ] interface.mac)
    + lib.optionalString (isTwin interface) "-${interface.name}";

  # Two cards of the same MAC address are told apart by their names alone.
  isTwin =
    interface:
    interface.mac != null
    && lib.length (lib.filter (other: other.mac == interface.mac) host.network.interfaces) > 1;

  match =
    interface:
    if interface.mac == null then
      { Name = interface.name; }
    else
      { PermanentMACAddress = interface.mac; }
      // lib.optionalAttrs (isTwin interface) { Name = interface.name; }
      // lib.optionalAttrs (interface.driver == "hv_netvsc") {
        # On Hyper-V the network card behind it has the same address.
        Driver = "hv_netvsc";
      };

  network =
    interface:
    let
      isMember = interface.bond != null || interface.bridge != null;
      servers = if interface.dns == null then dns else dns // dnsOf interface.dns;
    in
    {
      matchConfig = match interface;
      linkConfig = given {
        MTUBytes = if interface.mtu == null then null else toString interface.mtu;
        MACAddress = if interface.kind == "physical" then interface.macAddress else null;
      };
      networkConfig =
        (
          if isMember then
            # The bond or the bridge has the addresses.
            { LinkLocalAddressing = "no"; }
          else
            servers
        )
        // {
          DHCP = if interface.dhcp then "ipv4" else "no";
          IPv6AcceptRA = interface.acceptRa;
        }
        // given { PrimarySlave = yes interface.primary; }
        # A bridge has an address also while nothing is plugged in.
        // lib.optionalAttrs (interface.kind == "bridge") { ConfigureWithoutCarrier = true; };
      address = map (entry: entry.address) (lib.filter (entry: entry.peer == null) interface.addresses);
      addresses = map (entry: {
        Address = entry.address;
        Peer = entry.peer;
      }) (lib.filter (entry: entry.peer != null) interface.addresses);
      routes = map route interface.routes;
      routingPolicyRules = map rule interface.rules;
      bond = lib.optional (interface.bond != null) interface.bond;
      bridge = lib.optional (interface.bridge != null) interface.bridge;
      vlan = interface.vlans;
      dhcpV4Config = lib.optionalAttrs interface.dhcp (
        if interface.clientId == "mac" then
          { ClientIdentifier = "mac"; }
        else
          {
            ClientIdentifier = "duid";
            IAID = interface.clientId.iaid;
            DUIDType = duidTypes.${toString interface.clientId.duidType} or "vendor";
            DUIDRawData = interface.clientId.duid;
          }
      );
    };

  # RFC 8415, 11.1; RFC 6355
  duidTypes = {
    "1" = "link-layer-time";
    "2" = "vendor";
    "3" = "link-layer";
    "4" = "uuid";
  };

  route =
    route:
    {
      Destination = route.destination;
    }
    // given {
      Gateway = route.gateway;
      GatewayOnLink = yes route.onlink;
      Metric = route.metric;
      Table = route.table;
      Type = route.type;
      PreferredSource = route.source;
      Scope = route.scope;
      MTUBytes = if route.mtu == null then null else toString route.mtu;
      TCPAdvertisedMaximumSegmentSize = if route.advmss == null then null else toString route.advmss;
    }
    // lib.optionalAttrs (route.nexthops != [ ]) { MultiPathRoute = route.nexthops; };

  rule =
    rule:
    {
      Family = rule.family;
      Priority = rule.priority;
    }
    // given {
      InvertRule = yes rule.not;
      From = rule.from;
      To = rule.to;
      FirewallMark = rule.fwmark;
      IncomingInterface = rule.iif;
      OutgoingInterface = rule.oif;
      Table = rule.table;
      Type = rule.type;
      SuppressPrefixLength = rule.suppressPrefixLength;
    };

  # Bonds, VLANs and bridges.
  netdevs = lib.listToAttrs (
    map (interface: {
      name = "10-${interface.name}";
      value = {
        netdevConfig = {
          Name = interface.name;
          Kind = interface.kind;
        }
        // given { MACAddress = interface.macAddress; };
      }
      // lib.optionalAttrs (interface.kind == "bond") { bondConfig = bond interface.options; }
      // lib.optionalAttrs (interface.kind == "vlan") { vlanConfig = vlan interface.options; }
      // lib.optionalAttrs (interface.kind == "bridge") { bridgeConfig = bridge interface.options; };
    }) (lib.filter (interface: interface.options != null) host.network.interfaces)
  );

  bond =
    options:
    let
      text = name: options.${name} or null;
      ms = name: if options ? ${name} then "${toString options.${name}}ms" else null;
    in
    given {
      Mode = options.mode;
      MIIMonitorSec = ms "miimon";
      UpDelaySec = ms "updelay";
      DownDelaySec = ms "downdelay";
      ARPIntervalSec = ms "arpInterval";
      ARPIPTargets = text "arpIpTargets";
      PrimaryReselectPolicy = text "primaryReselect";
      FailOverMACPolicy = text "failOverMac";
      LACPTransmitRate = if options.mode == "802.3ad" then text "lacpRate" else null;
      AdSelect = if options.mode == "802.3ad" then text "adSelect" else null;
      TransmitHashPolicy = text "xmitHashPolicy";
      MinLinks = text "minLinks";
    };

  vlan =
    options:
    {
      Id = options.id;
    }
    // lib.optionalAttrs (options.protocol == "802.1ad") { Protocol = "802.1ad"; };

  bridge =
    options:
    {
      STP = options.stp;
    }
    // given {
      ForwardDelaySec = options.forwardDelay or null;
      Priority = options.priority or null;
      VLANFiltering = options.vlanFiltering or null;
    };

  # Rules and some routes call an interface by its name, so it keeps the one that they know.
  links = lib.listToAttrs (
    map (interface: {
      name = unitName interface;
      value = {
        matchConfig.PermanentMACAddress = interface.mac;
        linkConfig.Name = interface.name;
      };
    }) (lib.filter (interface: interface.keepName && !isTwin interface) host.network.interfaces)
  );

  dns = dnsOf host.network.dns;
  dnsOf =
    from:
    lib.optionalAttrs (from.servers != [ ]) { DNS = from.servers; }
    // lib.optionalAttrs (from.search != [ ]) { Domains = from.search; };
in
{
  # There only where it was asked for.
  imports = lib.optional (builtins.pathExists ./impermanence.nix) ./impermanence.nix;

  networking = {
    hostName = own host.hostName;
    domain = own host.domain;

    # ZFS imports a pool only under the host id that it was last used with.
    hostId = own host.hostId;

    useNetworkd = own true;
    useDHCP = own false;
  }
  // lib.optionalAttrs wraps {
    interfaces = lib.mkForce { };
    defaultGateway = lib.mkForce null;
    defaultGateway6 = lib.mkForce null;
    nameservers = lib.mkForce [ ];
    networkmanager.enable = lib.mkForce false;
  };

  systemd.network = {
    enable = own true;
    networks = own networks;
    netdevs = own netdevs;
    links = own links;
    # An interface without a cable does not hold up the boot.
    wait-online.anyInterface = own true;
  };

  services.openssh = {
    enable = lib.mkDefault true;
    ports = lib.mkDefault [ host.sshPort ];
    hostKeys = lib.mkDefault (
      map (type: {
        inherit type;
        path = "/etc/ssh/ssh_host_${type}_key";
      }) host.sshHostKeys
    );
    settings = {
      PasswordAuthentication = lib.mkDefault false;
      KbdInteractiveAuthentication = lib.mkDefault false;
    };
  };

  users.users.root.openssh.authorizedKeys.keys = host.rootAuthorizedKeys;

  fileSystems = own (
    lib.listToAttrs (
      map (dataset: {
        name = dataset.mountpoint;
        value = {
          device = dataset.name;
          fsType = "zfs";
          neededForBoot = lib.elem dataset.mountpoint [
            "/"
            "/nix"
            "/persist"
          ];
        };
      }) host.pool.datasets
      ++ map (disk: {
        name = disk.espMountpoint;
        value = {
          device = byPartuuid disk.espPartuuid;
          fsType = "vfat";
          # The initrd holds the host key of stage 1. Of several disks, one may be gone.
          options = [ "umask=0077" ] ++ lib.optional redundant "nofail";
        };
      }) host.disks
    )
  );

  # A new random key at every boot: nothing that was swapped out can be read later.
  swapDevices = own (
    map (disk: {
      device = byPartuuid disk.swapPartuuid;
      randomEncryption.enable = true;
      options = [ "nofail" ];
    }) (lib.filter (disk: disk.swapPartuuid != null) host.disks)
  );

  boot = {
    supportedFilesystems = [ "zfs" ];
    zfs = {
      # Every partition has a link there; a virtual disk without a serial number has none in by-id.
      devNodes = own "/dev/disk/by-partuuid";
      # A pool that another system has in use is left to it.
      forceImportRoot = own false;
    };

    loader = {
      timeout = lib.mkDefault 5;

      efi = {
        canTouchEfiVariables = own uefi;
        efiSysMountPoint = own "/boot";
      };
      systemd-boot = {
        enable = own uefi;
        # Where variables cannot be written, the firmware still finds EFI/BOOT/BOOTX64.EFI.
        graceful = own uefi;
        configurationLimit = lib.mkDefault limit;
        # The machine starts from any of its disks.
        extraInstallCommands = lib.concatMapStrings (disk: ''
          if ${pkgs.util-linux}/bin/mountpoint -q ${disk.espMountpoint}; then
            ${pkgs.rsync}/bin/rsync -rt --delete --modify-window=2 /boot/ ${disk.espMountpoint}/
          fi
        '') (lib.tail host.disks);
      };

      # GRUB cannot read the encrypted pool, so the kernels are copied to the ESP.
      grub = {
        enable = own (!uefi);
        configurationLimit = lib.mkDefault limit;
        mirroredBoots = own (
          map (disk: {
            path = disk.espMountpoint;
            devices = [ disk.path ];
          }) host.disks
        );
      }
      // lib.optionalAttrs wraps { devices = lib.mkForce [ ]; };
    };

    # Stage 1 asks for the passphrase on the console and by SSH, under the address that the machine has later:
    #   ssh -t -p 2222 root@ADDRESS systemd-tty-ask-password-agent
    initrd = {
      systemd = {
        enable = own true;
        network = {
          enable = own true;
          networks = own networks;
          netdevs = own netdevs;
          links = own links;
          wait-online.anyInterface = own true;
        };
      };
      network = {
        enable = own true;
        ssh = {
          enable = own (config.users.users.root.openssh.authorizedKeys.keys != [ ]);
          port = own 2222;
          # The ESP is not encrypted: this is a key of its own, and a string, since a Nix path would be copied to the
          # store, which everyone can read.
          hostKeys = own [ "/etc/ssh/initrd_ssh_host_ed25519_key" ];
        };
      };
    };
  };

  nix.settings.experimental-features = lib.mkDefault [
    "nix-command"
    "flakes"
  ];
}
