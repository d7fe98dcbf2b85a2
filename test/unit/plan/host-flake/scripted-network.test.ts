import t from 'tap';
import { networkSchema, type InterfaceInput } from '../../../../agent/config/schema.ts';
import { runtimeNetwork } from '../../../../agent/plan/host-flake/runtime-network.ts';
import { machines } from '../machines.ts';

/** Which networks NixOS's older style of networking, which a user's flake may have, cannot express. */

const { links } = machines['uefi-mirror'].facts;
const rows: [name: string, interfaces: InterfaceInput[], needsNetworkd: boolean][] = [
  ['a lease', [{ name: 'eth0', dhcp: true }], false],
  ['a lease and router advertisements', [{ name: 'eth0', dhcp: true, acceptRa: true }], false],
  ['two leases, of which one wins', [{ name: 'eth0', dhcp: { metric: 200 } }, { name: 'eth1', dhcp: { metric: 100 } }], false],
  ['preferences of a lease alone', [{ name: 'eth0', dhcp: { metric: 9, useGateway: false, useDns: false, useMtu: false } }], false],
  ['preferences of advertisements alone', [{ name: 'eth0', acceptRa: { metric: 9, useGateway: false, useMtu: false } }], false],
  ['one metric for both', [{ name: 'eth0', dhcp: { metric: 9 }, acceptRa: { metric: 9 } }], false],
  ['no gateway of both', [{ name: 'eth0', dhcp: { useGateway: false }, acceptRa: { useRoutes: false } }], false],
  ['name servers of advertisements alone', [{ name: 'eth0', dhcp: { useDns: false }, acceptRa: true }], false],
  ['the MTU of advertisements alone', [{ name: 'eth0', dhcp: { useMtu: false }, acceptRa: true }], false],
  ['two metrics', [{ name: 'eth0', dhcp: { metric: 9 }, acceptRa: { metric: 8 } }], true],
  ['a metric of advertisements', [{ name: 'eth0', dhcp: true, acceptRa: { metric: 8 } }], true],
  ['a gateway of advertisements alone', [{ name: 'eth0', dhcp: { useGateway: false }, acceptRa: true }], true],
  ['a gateway of the lease alone', [{ name: 'eth0', dhcp: true, acceptRa: { useGateway: false } }], true],
  ['routes of the lease alone', [{ name: 'eth0', dhcp: true, acceptRa: { useRoutes: false } }], true],
  ['name servers of the lease alone', [{ name: 'eth0', dhcp: true, acceptRa: { useDns: false } }], true],
  ['the MTU of the lease alone', [{ name: 'eth0', dhcp: true, acceptRa: { useMtu: false } }], true],
  ['a peer', [{ name: 'eth0', addresses: [{ address: '192.0.2.1', peer: '192.0.2.2/32' }] }], true],
  ['a captured identity', [{ name: 'eth0', dhcp: { clientId: 'ff5900000100020000ab11aabbccdd' } }], true],
  ['a gateway of the other family', [{ name: 'eth0', addresses: ['192.0.2.1/24'], routes: [{ destination: '0.0.0.0/0', gateway: 'fe80::1' }] }], true],
]; // prettier-ignore

for (const [name, interfaces, needsNetworkd] of rows)
  t.test(name, async t => {
    const network = runtimeNetwork(networkSchema.parse({ interfaces }), links);
    t.equal(network.interfaces.length, interfaces.length);
    t.equal(network.needsNetworkd, needsNetworkd);
  });
