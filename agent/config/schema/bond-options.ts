import { z } from 'zod';
import { limits } from '../limits.ts';
import { address, milliseconds } from './words.ts';

/**
 * The options of a bond, one row each. All code that captures, validates, creates or installs a bond uses this table. To add an
 * option, add a row and regenerate `nix/host-flake/network-options.nix` (its test says how).
 */

export interface BondOption {
  schema: z.ZodType;
  /** Name in ip-link(8) and in the bonding driver (Linux: Documentation/networking/bonding.rst). */
  kernel: string;
  /** Name in the output of `ip -json -details link`, if it differs. */
  printed?: string;
  /** Name in systemd.netdev(5), [Bond]. */
  networkd: string;
  /** The unit that networkd requires after the number. */
  unit?: 'ms';
  /** The only mode in which the driver accepts the option. */
  mode?: '802.3ad';
  /** The driver's default; 0 for numbers only. */
  usual?: string | 0;
  /** The option is a list; ip(8) separates the values with commas. */
  list?: true;
}

const bondModes = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
] as const;

export const bondOptions = {
  mode: {
    schema: z.enum(bondModes).describe('how traffic is distributed'),
    kernel: 'mode',
    networkd: 'Mode',
  },
  miimon: {
    schema: milliseconds.optional().describe('interval of link checks, in milliseconds'),
    kernel: 'miimon',
    networkd: 'MIIMonitorSec',
    unit: 'ms',
    usual: 0,
  },
  updelay: {
    schema: milliseconds.optional().describe('milliseconds before a link that came up is used'),
    kernel: 'updelay',
    networkd: 'UpDelaySec',
    unit: 'ms',
    usual: 0,
  },
  downdelay: {
    schema: milliseconds.optional().describe('milliseconds before a link that went down is disabled'),
    kernel: 'downdelay',
    networkd: 'DownDelaySec',
    unit: 'ms',
    usual: 0,
  },
  arpInterval: {
    schema: milliseconds.optional().describe('interval of ARP checks, in milliseconds'),
    kernel: 'arp_interval',
    networkd: 'ARPIntervalSec',
    unit: 'ms',
    usual: 0,
  },
  arpIpTargets: {
    schema: z
      .array(address)
      .max(limits.arpIpTargets)
      .optional()
      .describe('addresses that ARP checks ask for'),
    kernel: 'arp_ip_target',
    networkd: 'ARPIPTargets',
    list: true,
  },
  primaryReselect: {
    schema: z
      .enum(['always', 'better', 'failure'])
      .optional()
      .describe('when the bond returns to the primary'),
    kernel: 'primary_reselect',
    networkd: 'PrimaryReselectPolicy',
    usual: 'always',
  },
  failOverMac: {
    schema: z
      .enum(['none', 'active', 'follow'])
      .optional()
      .describe('which MAC address the bond has after failover'),
    kernel: 'fail_over_mac',
    networkd: 'FailOverMACPolicy',
    usual: 'none',
  },
  lacpRate: {
    schema: z
      .enum(['slow', 'fast'])
      .optional()
      .describe('how often the partner sends LACP packets (802.3ad)'),
    kernel: 'lacp_rate',
    printed: 'ad_lacp_rate',
    networkd: 'LACPTransmitRate',
    mode: '802.3ad',
  },
  adSelect: {
    schema: z
      .enum(['stable', 'bandwidth', 'count'])
      .optional()
      .describe('how the active aggregator is selected (802.3ad)'),
    kernel: 'ad_select',
    networkd: 'AdSelect',
    mode: '802.3ad',
    usual: 'stable',
  },
  xmitHashPolicy: {
    schema: z
      .enum(['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'])
      .optional()
      .describe('which headers select the member for a packet'),
    kernel: 'xmit_hash_policy',
    networkd: 'TransmitHashPolicy',
    usual: 'layer2',
  },
  minLinks: {
    schema: z
      .number()
      .int()
      .min(0)
      .max(255)
      .optional()
      .describe('links that must be up before the bond is (802.3ad)'),
    kernel: 'min_links',
    networkd: 'MinLinks',
    usual: 0,
  },
} as const satisfies Readonly<Record<string, BondOption>>;

export type BondOptionName = keyof typeof bondOptions;

/** The rows, each with its key in the configuration. */
export const bondRows = Object.entries(bondOptions) as [BondOptionName, BondOption][];
