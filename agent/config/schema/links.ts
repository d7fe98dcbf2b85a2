import { z } from 'zod';
import { limits } from '../limits.ts';
import { address, interfaceName, mac, milliseconds } from './words.ts';

/** Interfaces that are no hardware: bonds, VLANs and bridges. */

const bondModes = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
] as const;

const members = z
  .array(z.union([interfaceName, mac]))
  .max(limits.members)
  .describe('member interfaces: by name in this configuration, by present name, or by permanent MAC address');

/** Linux: Documentation/networking/bonding.rst; units are milliseconds. */
export const bondSchema = z.strictObject({
  members: members.min(1),
  mode: z.enum(bondModes).describe('how traffic is distributed'),
  miimon: milliseconds.optional().describe('interval of link checks, in milliseconds'),
  updelay: milliseconds.optional().describe('milliseconds before a link that came up is used'),
  downdelay: milliseconds.optional().describe('milliseconds before a link that went down is disabled'),
  arpInterval: milliseconds.optional().describe('interval of ARP checks, in milliseconds'),
  arpIpTargets: z
    .array(address)
    .max(limits.arpIpTargets)
    .optional()
    .describe('addresses that ARP checks ask for'),
  primary: interfaceName.optional().describe('preferred member'),
  primaryReselect: z
    .enum(['always', 'better', 'failure'])
    .optional()
    .describe('when the bond returns to the primary'),
  failOverMac: z
    .enum(['none', 'active', 'follow'])
    .optional()
    .describe('which MAC address the bond has after failover'),
  lacpRate: z
    .enum(['slow', 'fast'])
    .optional()
    .describe('how often the partner sends LACP packets (802.3ad)'),
  adSelect: z
    .enum(['stable', 'bandwidth', 'count'])
    .optional()
    .describe('how the active aggregator is selected (802.3ad)'),
  xmitHashPolicy: z
    .enum(['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'])
    .optional()
    .describe('which headers select the member for a packet'),
  minLinks: z
    .number()
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('links that must be up before the bond is (802.3ad)'),
});

export const vlanSchema = z.strictObject({
  link: z
    .union([interfaceName, mac])
    .describe('lower device: the interface that carries the VLAN, by name or permanent MAC address'),
  id: z.number().int().min(0).max(4094).describe('VLAN number'),
  protocol: z.enum(['802.1Q', '802.1ad']).default('802.1Q').describe('type of the tag'),
});

export const bridgeSchema = z.strictObject({
  members,
  stp: z.boolean().default(false).describe('spanning tree protocol'),
  forwardDelay: z.number().int().min(0).max(30).optional().describe('seconds before a port forwards'),
  priority: z.number().int().min(0).max(65535).optional().describe('of this bridge in the spanning tree'),
  vlanFiltering: z.boolean().optional().describe('ports forward only packets of their VLANs'),
});

export type BondConfig = z.output<typeof bondSchema>;
export type VlanConfig = z.output<typeof vlanSchema>;
export type BridgeConfig = z.output<typeof bridgeSchema>;
