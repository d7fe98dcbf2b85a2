# The same network in NixOS's older style, options below `networking`, for your own flake if it uses that style. If it uses
# systemd-networkd, this file defines nothing.
{ config, lib, ... }:

let
  inherit (config.dabei) host;
  inherit (host.network) interfaces;

  given = lib.filterAttrs (_: value: value != null);
  options = import ./network-options.nix;
  ofKind = kind: lib.filter (interface: interface.kind == kind) interfaces;
  byName =
    value: list:
    lib.listToAttrs (
      map (interface: {
        inherit (interface) name;
        value = value interface;
      }) list
    );
  isV6 = lib.hasInfix ":";
  family = isIt: text: lib.filter (entry: isV6 (text entry) == isIt);

  split =
    cidr:
    let
      parts = lib.splitString "/" cidr;
    in
    {
      address = lib.head parts;
      prefixLength = lib.toInt (lib.last parts);
    };

  interface =
    entry:
    let
      familyOf = isIt: {
        addresses = map ({ address, ... }: split address) (family isIt (each: each.address) entry.addresses);
        routes = map route (family isIt (each: each.destination) entry.routes);
      };
    in
    {
      useDHCP = entry.dhcp;
      ipv4 = familyOf false;
      ipv6 = familyOf true;
    }
    // given { inherit (entry) macAddress mtu; };

  route =
    entry:
    split entry.destination
    // {
      via = entry.gateway;
      options = lib.mapAttrs (_: toString) (
        lib.mapAttrs' (name: row: lib.nameValuePair row.ip entry.${name}) (
          lib.filterAttrs (name: _: entry.${name} != null) options.route
        )
        // lib.optionalAttrs entry.onlink { onlink = ""; }
      );
    };

  dns = lib.concatMap (interface: lib.optional (interface.dns != null) interface.dns) interfaces;
  all = what: lib.unique (lib.concatMap (from: from.${what}) ([ host.network.dns ] ++ dns));

  # The older style refers to interfaces by name, so these units give each card its name in runtime-info.json.
  links = lib.listToAttrs (
    map (interface: {
      name = "10-${lib.replaceStrings [ ":" ] [ "" ] interface.mac}";
      value = {
        matchConfig = {
          PermanentMACAddress = interface.mac;
        }
        // lib.optionalAttrs (interface.driver == "hv_netvsc") { Driver = "hv_netvsc"; };
        linkConfig = {
          Name = interface.name;
        }
        // given {
          MACAddress = interface.macAddress;
          MTUBytes = if interface.mtu == null then null else toString interface.mtu;
        };
      };
    }) (ofKind "physical")
  );

  says = preferences: setting: preferences.${setting} or true == false;
  leaseOf = interface: if interface.lease or null == null then { } else interface.lease;
  advertisementsOf =
    interface: if interface.advertisements or null == null then { } else interface.advertisements;

  # dhcpcd.conf(5): which parts of leases dhcpcd uses. dhcpcd also listens to routers on interfaces with a lease, unless noipv6rs is
  # set. If router advertisements need other preferences than the lease, the network needs networkd.
  dhcpcd =
    interface:
    let
      lease = leaseOf interface;
      no = says lease;
    in
    lib.concatStringsSep "\n" (
      [ "interface ${interface.name}" ]
      ++ lib.optional (lease ? metric) "metric ${toString lease.metric}"
      ++ lib.optional (no "useGateway" || no "useRoutes") "nogateway"
      ++ lib.optional (no "useRoutes") "nooption classless_static_routes"
      ++ lib.optional (no "useDns") "nooption domain_name_servers, domain_name, domain_search"
      ++ lib.optional (no "useMtu" || interface.mtu != null) "nooption interface_mtu"
      ++ lib.optional (no "useHostName") "nooption host_name"
      ++ lib.optional (!interface.acceptRa) "noipv6rs"
    );
  # Interfaces with DHCP that differ from dhcpcd's defaults.
  withWishes = lib.filter (
    interface:
    interface.dhcp && (leaseOf interface != { } || interface.mtu != null || !interface.acceptRa)
  ) interfaces;

  isGiven = given: option: row: given ? ${option} && row.mode or given.mode == given.mode;

  membersOf = what: name: lib.filter (entry: entry.${what} == name) interfaces;
  namesOf = map ({ name, ... }: name);
in
{
  config = lib.mkIf (host.flake != null && !config.networking.useNetworkd) {
    networking = lib.mapAttrs (_: lib.mkForce) {
      # No configured interface means DHCP and router advertisements on all interfaces.
      useDHCP = interfaces == [ ];
      interfaces = byName interface interfaces;
      nameservers = all "servers";
      search = all "search";

      bonds = byName (
        entry@{ name, ... }:
        {
          interfaces = namesOf (membersOf "bond" name);
          driverOptions =
            lib.mapAttrs' (
              option: row:
              lib.nameValuePair row.kernel (
                lib.concatMapStringsSep "," toString (lib.toList entry.options.${option})
              )
            ) (lib.filterAttrs (isGiven entry.options) options.bond)
            // lib.listToAttrs (
              map ({ name, ... }: lib.nameValuePair "primary" name) (
                lib.filter (member: member.primary) (membersOf "bond" name)
              )
            );
        }
      ) (ofKind "bond");
      bridges = byName ({ name, ... }: { interfaces = namesOf (membersOf "bridge" name); }) (ofKind "bridge");
      vlans = byName (
        { name, options, ... }:
        {
          inherit (options) id;
          interface = (lib.findFirst (entry: lib.elem name entry.vlans) null interfaces).name;
        }
      ) (ofKind "vlan");
    }
    // {
      # At the end of the file: lines after "interface" apply to that interface only.
      dhcpcd.extraConfig = lib.mkIf (withWishes != [ ]) (
        lib.mkAfter (lib.concatStringsSep "\n" (map dhcpcd withWishes) + "\n")
      );
    };

    # networkd and dhcpcd at the same time would both set addresses. A flake that wants networkd sets networking.useNetworkd.
    systemd.network.enable = lib.mkForce false;
    systemd.network.links = links;
    boot.initrd.systemd.network.links = links;

    boot.kernel.sysctl = lib.listToAttrs (
      lib.concatMap (
        interface:
        let
          options = advertisementsOf interface;
          no = says options;
          set = name: value: {
            name = "net.ipv6.conf.${lib.replaceStrings [ "." ] [ "/" ] interface.name}.${name}";
            inherit value;
          };
        in
        [ (set "accept_ra" (if interface.acceptRa then 1 else 0)) ]
        ++ lib.optional (options ? metric) (set "ra_defrtr_metric" options.metric)
        ++ lib.optional (no "useGateway" || no "useRoutes") (set "accept_ra_defrtr" 0)
        ++ lib.optional (no "useMtu") (set "accept_ra_mtu" 0)
      ) (lib.filter (interface: interface.kind != "loopback") interfaces)
    );
  };
}
