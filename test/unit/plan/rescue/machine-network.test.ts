import t from 'tap';
import { networkSchema, type NetworkConfig } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { runtimeNetwork } from '../../../../agent/plan/host-flake/runtime-network.ts';
import { planNetwork } from '../../../../agent/plan/network/network.ts';
import { machineNetwork } from '../../../../agent/plan/rescue/machine-network.ts';
import { matrix } from '../../../nixos/matrix.ts';
import { machines } from '../machines.ts';
import { networkWorldList } from '../../../vm/network-worlds/index.ts';
import { mac } from '../../../vm/network-worlds/world.ts';

/** What a plan does to the machine; the order of independent lines, and MAC addresses that are now written down, aside. */
function effects(config: NetworkConfig, links: readonly Link[]) {
  const { batch, create, rules, dhcp, clientIds, leases, advertisements, acceptRa, resolvConf, gateways } =
    planNetwork(config, links);
  return {
    create: create.map(line => line.replace(/ address [0-9a-f:]{17}/, '')).toSorted(),
    batch: batch.filter(line => !/ address [0-9a-f:]{17}$/.test(line)).toSorted(),
    rules,
    dhcp: dhcp.toSorted(),
    // networkd sends no other identifier than these and the MAC address, so the lease is that of the installed system.
    clientIds: Object.entries(clientIds).filter(([, id]) => /^ff(..){6}/.test(id)),
    // The installed system asks for no particular address.
    leases: Object.values(leases)
      .map(({ address: _, ...lease }) => JSON.stringify(Object.entries(lease).toSorted()))
      .toSorted(),
    advertisements: Object.fromEntries(
      Object.entries(advertisements).filter(([, used]) => Object.keys(used).length > 0),
    ),
    acceptRa: acceptRa.toSorted(),
    resolvConf,
    gateways: gateways.map(({ address }) => address).toSorted(),
  };
}

function again(config: NetworkConfig, links: readonly Link[]): NetworkConfig {
  const runtime = runtimeNetwork(config, links);
  return networkSchema.parse(machineNetwork(JSON.parse(JSON.stringify(runtime)) as typeof runtime));
}

t.test('the rescue system has the network of the installed one', async t => {
  const all = Object.entries({ ...machines, ...matrix() });
  const seen = new Set<string>();
  for (const [name, { config, facts }] of all) {
    const text = JSON.stringify(config.network);
    if (seen.has(text) || config.network.interfaces.length === 0) continue;
    seen.add(text);
    const wanted = effects(config.network, facts.links);
    t.same(effects(again(config.network, facts.links), facts.links), wanted, name);
  }
  t.ok(seen.size >= 8, `${seen.size} networks`);
});

const cards: Link[] = [1, 2, 3, 4, 5, 6].map(number => ({
  ...{ name: `eth${number}`, mac: mac(number), driver: 'virtio_net', modalias: null },
  ...{ carrier: true, mtu: 1500 },
}));

t.test('every network that can be captured', async t => {
  for (const { name, expect } of networkWorldList) {
    const config = networkSchema.parse({
      interfaces: expect.interfaces,
      routes: expect.routes,
      rules: expect.rules,
      dns: expect.dns,
    });
    if (config.interfaces.length > 0)
      t.same(effects(again(config, cards), cards), effects(config, cards), name);
  }
});
