import { networkSchema } from '../../../../../agent/config/schema.ts';
import type { Link } from '../../../../../agent/facts.ts';
import { planNetwork } from '../../../../../agent/plan/network/network.ts';

function link(name: string, mac: string, more: Partial<Link> = {}): Link {
  return { name, mac, driver: 'virtio_net', modalias: null, carrier: true, mtu: 1500, ...more };
}

export const eth0 = link('eth0', '52:54:00:00:00:01');
export const eth1 = link('eth1', '52:54:00:00:00:02');
const made = { driver: null, modalias: null };

export const plan = (config: unknown, links: readonly Link[] = [eth0, eth1]) =>
  planNetwork(networkSchema.parse(config), links);

export const dns = { servers: ['192.0.2.53'] };
export const static4 = {
  addresses: ['192.0.2.7/24'],
  routes: [{ destination: 'default', gateway: '192.0.2.1' }],
};
export const bond = { members: ['eth0', 'eth1'], mode: 'active-backup', miimon: 100, primary: 'eth1' };

export const there: Link[] = [
  { ...eth0, master: 'bond0' },
  { ...eth1, master: 'bond0', address: eth0.mac },
  link('bond0', eth0.mac, { ...made, kind: 'bond' }),
  link('bond0.7', eth0.mac, { ...made, kind: 'vlan' }),
];
