import type { RouteAttributeName } from '../../config/schema/route-attributes.ts';
import type { BondConfig, BridgeConfig, VlanConfig } from '../../config/schema.ts';
import type { LeasePreferences, Preferences } from '../network/preferences.ts';

/** The network of the installed system, in runtime-info.json; network.nix converts it to networkd units. */
export interface RuntimeNetwork {
  /** If empty, every Ethernet interface uses DHCP and router advertisements. */
  interfaces: readonly RuntimeInterface[];
  dns: { servers: readonly string[]; search: readonly string[] };
  /** NixOS's scripted networking does not support this network (scripted-network.ts). */
  needsNetworkd: boolean;
}

export interface RuntimeInterface {
  kind: 'physical' | 'bond' | 'vlan' | 'bridge' | 'loopback';
  /** Permanent MAC address, lower case, by which the system recognises hardware; null for all other kinds. */
  mac: string | null;
  /** Without `keepName`, the installed system may give hardware another name. */
  name: string;
  /** Rules or routes contain the interface's name, so the installed system must use it. */
  keepName: boolean;
  driver: string | null;
  /** MAC address to set; null to keep the interface's own. */
  macAddress: string | null;
  mtu: number | null;
  /** Name of the bond that the interface is a member of. */
  bond: string | null;
  /** It is the bond's preferred member. */
  primary: boolean;
  /** Name of the bridge that the interface is a member of. */
  bridge: string | null;
  /** Names of the VLANs on the interface. */
  vlans: readonly string[];
  /** Options of a bond, VLAN or bridge, as in network.interfaces of the configuration, without the links below it. */
  options: Partial<BondConfig & VlanConfig & BridgeConfig> | null;
  addresses: readonly RuntimeAddress[];
  routes: readonly RuntimeRoute[];
  rules: readonly RuntimeRule[];
  dhcp: boolean;
  /** "mac", or the parts of an RFC 4361 identifier; `duid` has hexadecimal digits with colons, without the type. */
  clientId: 'mac' | { iaid: number; duidType: number; duid: string };
  acceptRa: boolean;
  /** Which parts of the lease to use, by default all; null without DHCP. */
  lease: Omit<LeasePreferences, 'address'> | null;
  /** Which parts of router advertisements to use, by default all; null without router advertisements. */
  advertisements: Preferences | null;
  /** Whether "online" waits for the interface; null for networkd's default. */
  requiredForOnline: boolean | null;
  dns: { servers: readonly string[]; search: readonly string[] } | null;
}

export interface RuntimeAddress {
  /** With prefix length. */
  address: string;
  /** Address of the other end, with the same prefix length. */
  peer: string | null;
}

export interface RuntimeRoute extends Record<RouteAttributeName, string | number | null> {
  /** With prefix length; the default routes are 0.0.0.0/0 and ::/0. */
  destination: string;
  gateway: string | null;
  onlink: boolean;
  type: string | null;
  /** Values of MultiPathRoute= (systemd.network(5)): "192.0.2.1@eth0 2". */
  nexthops: readonly string[];
}

export interface RuntimeRule {
  family: 'ipv4' | 'ipv6';
  priority: number;
  not: boolean;
  from: string | null;
  to: string | null;
  /** "51820" or "16/255" */
  fwmark: string | null;
  iif: string | null;
  oif: string | null;
  table: number | null;
  type: string | null;
  suppressPrefixLength: number | null;
}
