import { z } from 'zod';
import { limits } from '../limits.ts';
import { bondOptions } from './bond-options.ts';
import { interfaceName, mac, schemasOf } from './words.ts';

/** Interfaces that are not hardware: bonds, VLANs and bridges. */

const members = z
  .array(z.union([interfaceName, mac]))
  .max(limits.members)
  .describe('member interfaces: by name in this configuration, by present name, or by permanent MAC address');

export const bondSchema = z.strictObject({
  members: members.min(1),
  primary: interfaceName.optional().describe('preferred member'),
  ...schemasOf(bondOptions),
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
