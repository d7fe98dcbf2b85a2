import { test } from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { planNetwork } from '../../../../agent/plan/network/network.ts';

export function link(name: string, mac: string, more: Partial<Link> = {}): Link {
  return { name, mac, driver: 'virtio_net', modalias: null, carrier: true, mtu: 1500, ...more };
}

export const eth0 = link('eth0', '52:54:00:00:00:01');
export const eth1 = link('eth1', '52:54:00:00:00:02');
export const dark = link('eth2', '52:54:00:00:00:03', { carrier: false });

/** A configuration as people write it. */
export function plan(config: unknown, links: readonly Link[] = [eth0, eth1]) {
  return planNetwork(networkSchema.parse(config), links);
}

export const dns = { servers: ['192.0.2.53'] };
export const v4 = { addresses: ['192.0.2.7/24'], routes: [{ destination: 'default', gateway: '192.0.2.1' }] };
export const v4Batch = ['link set dev eth0 up', 'address replace 192.0.2.7/24 broadcast + dev eth0'];
export const v4Gateway = { address: '192.0.2.1', link: 'eth0' };

interface World {
  name: string;
  config: unknown;
  links?: readonly Link[];
  /** What the plan must hold; fields left out are not looked at, warnings must be none unless given. */
  batch?: string[];
  dhcp?: string[];
  acceptRa?: string[];
  refuseRa?: string[];
  fixedMtu?: string[];
  gateways?: { address: string; link: string }[];
  missingGateways?: string[];
  static?: boolean;
  warnings?: RegExp[];
}

export const everywhere = {
  batch: ['link set dev eth0 up', 'link set dev eth1 up'],
  dhcp: ['eth0', 'eth1'],
  acceptRa: ['eth0', 'eth1'],
  refuseRa: [],
  gateways: [],
  static: false,
};

/** One test for each world: what its plan must hold, and its warnings. */
export function testWorlds(worlds: readonly World[]): void {
  for (const { name, config, links, warnings = [], ...expected } of worlds) {
    test(name, async t => {
      const made = plan(config, links);
      for (const [field, value] of Object.entries(expected)) {
        t.strictSame(made[field as keyof typeof made], value, field);
      }
      t.equal(
        made.warnings.length,
        warnings.length,
        `${made.warnings.length} warnings: ${made.warnings.join()}`,
      );
      for (const [index, pattern] of warnings.entries()) t.match(made.warnings[index], pattern);
    });
  }
}
