# Addresses, routes and interfaces of this machine, from runtime-info.json, for the system and for stage 1.
{ config, lib, ... }:

let
  inherit (config.dabei) host;

  # As in dabei.nix.
  wraps = host.flake != null;
  own = if wraps then lib.mkForce else lib.id;

  # Your own flake keeps its style of networking, systemd-networkd or NixOS's older scripts (network-scripted.nix), unless
  # the older style cannot express this machine's network.
  networkd = config.networking.useNetworkd;
  decidesStyle = !wraps || host.network.needsNetworkd;

  given = lib.filterAttrs (_: value: value != null);
  yes = value: if value then true else null;
  options = import ./network-options.nix;

  # One networkd unit for each interface. Cards match by their permanent MAC address, because names may change.
  networks =
    if host.network.interfaces == [ ] then
      {
        "10-ethernet" = {
          # Cards have no kind; bridges, bonds and the interfaces of containers have one.
          matchConfig = {
            Type = "ether";
            Kind = "!*";
          };
          networkConfig = dns // {
            DHCP = "yes";
            IPv6AcceptRA = true;
          };
          # As in the installer. Stage 1 has no persistent machine id, from which networkd would derive its identifiers.
          dhcpV4Config.ClientIdentifier = "mac";
          dhcpV6Config.DUIDType = "link-layer";
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

  # Only names distinguish two cards with the same MAC address.
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
        # On Hyper-V, the physical card behind it has the same address.
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
        RequiredForOnline = interface.requiredForOnline or null;
      };
      networkConfig =
        (
          if isMember then
            # The addresses belong to the bond or the bridge.
            { LinkLocalAddressing = "no"; }
          else
            servers
        )
        // {
          DHCP = if interface.dhcp then "ipv4" else "no";
          IPv6AcceptRA = interface.acceptRa;
        }
        // given { PrimarySlave = yes interface.primary; }
        # A bridge keeps its addresses without carrier.
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
          }
          // duid interface.clientId
      ) // lib.optionalAttrs interface.dhcp (lease interface);
      dhcpV6Config = lib.optionalAttrs interface.acceptRa (
        if interface.clientId == "mac" then { DUIDType = "link-layer"; } else duid interface.clientId
      );
      ipv6AcceptRAConfig = lib.optionalAttrs interface.acceptRa (advertisement interface);
    };

  # Preferences between interfaces, as in the installer. Of two default routes with equal metrics, the kernel keeps one.
  taken =
    options: what:
    given {
      RouteMetric = options.metric or null;
      UseGateway = options.useGateway or null;
      UseDNS = options.useDns or null;
    }
    // lib.optionalAttrs (options ? useRoutes) { ${what} = options.useRoutes; };

  lease =
    interface:
    let
      options = if interface.lease or null == null then { } else interface.lease;
    in
    taken options "UseRoutes"
    // given { UseHostname = options.useHostName or null; }
    # The installer uses the MTU of a lease; networkd's default is not to use it.
    // { UseMTU = interface.mtu == null && options.useMtu or true; };

  advertisement =
    interface:
    let
      options = if interface.advertisements or null == null then { } else interface.advertisements;
    in
    taken options "UseRoutePrefix" // given { UseMTU = options.useMtu or null; };

  duid = clientId: {
    DUIDType = duidTypes.${toString clientId.duidType} or "vendor";
    DUIDRawData = clientId.duid;
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
    { Destination = route.destination; }
    // given {
      Gateway = route.gateway;
      GatewayOnLink = yes route.onlink;
      Type = route.type;
    }
    // named options.route route
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
      // lib.optionalAttrs (interface.kind == "bond") { bondConfig = named options.bond interface.options; }
      // lib.optionalAttrs (interface.kind == "vlan") { vlanConfig = vlan interface.options; }
      // lib.optionalAttrs (interface.kind == "bridge") { bridgeConfig = bridge interface.options; };
    }) (lib.filter (interface: interface.options != null) host.network.interfaces)
  );

  # The settings that values has of the rows, in networkd's words.
  named =
    rows: values:
    lib.mapAttrs' (name: row: lib.nameValuePair row.networkd (inForm row values.${name})) (
      lib.filterAttrs (
        name: row: values.${name} or null != null && (row ? mode -> row.mode == values.mode)
      ) rows
    );
  inForm = row: value: if row ? unit || row ? text then "${toString value}${row.unit or ""}" else value;

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

  dns = dnsOf host.network.dns;
  dnsOf =
    from:
    lib.optionalAttrs (from.servers != [ ]) { DNS = from.servers; }
    // lib.optionalAttrs (from.search != [ ]) { Domains = from.search; };

  # Rules and some routes refer to an interface by name, so it keeps its name.
  links = lib.listToAttrs (
    map (interface: {
      name = unitName interface;
      value = {
        matchConfig = match interface;
        linkConfig.Name = interface.name;
      };
    }) (lib.filter (interface: interface.keepName && !isTwin interface) host.network.interfaces)
  );
in
{
  networking = {
    hostName = own host.hostName;
    domain = own host.domain;
    networkmanager.enable = lib.mkIf wraps (lib.mkForce false);

    useNetworkd = lib.mkIf decidesStyle (own true);

    # In the older style, default routes are among the routes of their interface.
    defaultGateway = lib.mkIf wraps (lib.mkForce null);
    defaultGateway6 = lib.mkIf wraps (lib.mkForce null);
  }
  // lib.mapAttrs (_: value: lib.mkIf networkd (own value)) (
    {
      useDHCP = false;
    }
    // lib.optionalAttrs wraps {
      interfaces = { };
      bonds = { };
      bridges = { };
      vlans = { };
      nameservers = [ ];
      search = [ ];
    }
  );

  systemd.network = {
    enable = lib.mkIf networkd (own true);
    networks = lib.mkIf networkd (own networks);
    netdevs = lib.mkIf networkd (own netdevs);
    links = lib.mkIf networkd (own links);
    # An interface without a cable must not delay the boot.
    wait-online.anyInterface = own true;
  };

  # Stage 1 asks for the passphrase at the same addresses as the running system. It always uses networkd.
  boot.initrd.systemd.network = {
    enable = own true;
    networks = own networks;
    netdevs = own netdevs;
    links = lib.mkIf networkd (own links);
    wait-online.anyInterface = own true;
  };
}
