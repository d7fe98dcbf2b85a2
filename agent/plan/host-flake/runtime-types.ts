import type { RouteAttributeName } from '../../config/schema/route-attributes.ts';
import type { BondConfig, BridgeConfig, VlanConfig } from '../../config/schema.ts';
import type { LeasePreferences, Preferences } from '../network/preferences.ts';

/** The network of the installed system, as runtime-info.json has it; dabei.nix makes networkd units of it. */
export interface RuntimeNetwork {
  /** Empty: DHCP and router advertisements on every Ethernet interface. */
  interfaces: readonly RuntimeInterface[];
  dns: { servers: readonly string[]; search: readonly string[] };
  /** NixOS's scripted style of networking cannot say it. */
  needsNetworkd: boolean;
}

export interface RuntimeInterface {
  kind: 'physical' | 'bond' | 'vlan' | 'bridge' | 'loopback';
  /** Permanent MAC address, lower case: what hardware is recognised by; null for everything else. */
  mac: string | null;
  /** What hardware is called if its name is kept; otherwise the installed system may choose another one. */
  name: string;
  /** Rules or routes call the interface by its name, so it is to have this one. */
  keepName: boolean;
  driver: string | null;
  /** MAC address that it is given; null for its own. */
  macAddress: string | null;
  mtu: number | null;
  /** Names of the bond or the bridge that it is a part of, and of the VLANs on it. */
  bond: string | null;
  primary: boolean;
  bridge: string | null;
  vlans: readonly string[];
  /** What it is made as: as in network.interfaces of the configuration, without members. */
  options: Partial<BondConfig & VlanConfig & BridgeConfig> | null;
  addresses: readonly RuntimeAddress[];
  routes: readonly RuntimeRoute[];
  rules: readonly RuntimeRule[];
  dhcp: boolean;
  /** "mac", or hexadecimal digits of IAID and DUID (RFC 4361). */
  clientId: 'mac' | { iaid: number; duidType: number; duid: string };
  acceptRa: boolean;
  /** What is taken of the lease, null without one; all that is not said is taken. */
  lease: Omit<LeasePreferences, 'address'> | null;
  /** The same of router advertisements. */
  advertisements: Preferences | null;
  /** Whether "online" waits for it; null for networkd's own choice. */
  requiredForOnline: boolean | null;
  dns: { servers: readonly string[]; search: readonly string[] } | null;
}

export interface RuntimeAddress {
  /** With prefix length. */
  address: string;
  /** The other end, with the same prefix length. */
  peer: string | null;
}

export interface RuntimeRoute extends Record<RouteAttributeName, string | number | null> {
  /** With prefix length; the default routes are 0.0.0.0/0 and ::/0. */
  destination: string;
  gateway: string | null;
  onlink: boolean;
  type: string | null;
  /** As MultiPathRoute= of systemd.network(5) takes them: "192.0.2.1@eth0 2". */
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
