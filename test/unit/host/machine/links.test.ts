import { test } from 'tap';
import {
  parseAddresses,
  parseGateways,
  parseLinks,
  parseNeighbour,
  parsePredictableNames,
  type Device,
} from '../../../../agent/host/machine/links.ts';

const virtio = { driver: 'virtio_net', modalias: 'virtio:d00000001v00001AF4' };
const bnxt = { driver: 'bnxt_en', modalias: 'pci:v000014E4d000016D7sv000014E4sd00001402bc02sc00i00' };

/** Real output of `ip -json -details link` (iproute2 6.1), shortened after the fields that are read. */
const virtioVm = `[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"qdisc":"noqueue",
"operstate":"UNKNOWN","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"loopback","address":"00:00:00:00:00:00",
"broadcast":"00:00:00:00:00:00","promiscuity":0},
{"ifindex":2,"ifname":"ifb0","flags":["BROADCAST","NOARP"],"mtu":1500,"qdisc":"noop","operstate":"DOWN","link_type":"ether",
"address":"d6:78:f8:e1:63:de","broadcast":"ff:ff:ff:ff:ff:ff","linkinfo":{"info_kind":"ifb"}},
{"ifindex":4,"ifname":"eth0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1400,"qdisc":"pfifo_fast","operstate":"UP",
"linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"ether","address":"02:fc:00:00:00:01",
"broadcast":"ff:ff:ff:ff:ff:ff","min_mtu":68,"max_mtu":65535,"inet6_addr_gen_mode":"eui64","parentbus":"virtio","parentdev":"virtio2"}]`;

/** A server with two ports in a bond, which gives both the MAC of the first, and a third one without a cable. */
const bonded = `[
{"ifindex":2,"ifname":"eno1np0","flags":["BROADCAST","MULTICAST","SLAVE","UP","LOWER_UP"],"mtu":9000,"qdisc":"mq","master":"bond0",
"operstate":"UP","link_type":"ether","address":"BC:97:E1:00:00:01","linkinfo":{"info_slave_kind":"bond"},"altnames":["enp65s0f0np0"]},
{"ifindex":3,"ifname":"eno2np1","flags":["BROADCAST","MULTICAST","SLAVE","UP","LOWER_UP"],"mtu":9000,"qdisc":"mq","master":"bond0",
"operstate":"UP","link_type":"ether","address":"bc:97:e1:00:00:01","permaddr":"bc:97:e1:00:00:02","linkinfo":{"info_slave_kind":"bond"}},
{"ifindex":4,"ifname":"eno3","flags":["NO-CARRIER","BROADCAST","MULTICAST","UP"],"mtu":1500,"operstate":"DOWN","link_type":"ether",
"address":"bc:97:e1:00:00:03"},
{"ifindex":5,"ifname":"ib0","flags":["BROADCAST","MULTICAST"],"mtu":4092,"operstate":"DOWN","link_type":"infiniband",
"address":"00:00:10:49:fe:80:00:00:00:00:00:00:24:8a:07:03:00:49:d7:52"},
{"ifindex":6,"ifname":"bond0","flags":["BROADCAST","MULTICAST","MASTER","UP","LOWER_UP"],"mtu":9000,"operstate":"UP",
"link_type":"ether","address":"bc:97:e1:00:00:01","linkinfo":{"info_kind":"bond"}}]`;

function devices(table: Record<string, Device>): (name: string) => Device | null {
  return name => table[name] ?? null;
}

test('links of a virtual machine', async t => {
  t.strictSame(parseLinks(virtioVm, devices({ eth0: virtio })), [
    { name: 'eth0', mac: '02:fc:00:00:00:01', ...virtio, carrier: true, mtu: 1400 },
  ]);
});

test('links of a server: permanent MAC, bond, no carrier, no InfiniBand', async t => {
  const onPci = devices({ eno1np0: bnxt, eno2np1: bnxt, eno3: bnxt, ib0: bnxt });
  t.strictSame(parseLinks(bonded, onPci), [
    {
      ...{ name: 'eno1np0', mac: 'bc:97:e1:00:00:01', ...bnxt, carrier: true, mtu: 9000 },
      ...{ altNames: ['enp65s0f0np0'], master: 'bond0' },
    },
    {
      ...{ name: 'eno2np1', mac: 'bc:97:e1:00:00:02', ...bnxt, carrier: true, mtu: 9000, master: 'bond0' },
      address: 'bc:97:e1:00:00:01',
    },
    { name: 'eno3', mac: 'bc:97:e1:00:00:03', ...bnxt, carrier: false, mtu: 1500 },
    {
      ...{ name: 'bond0', mac: 'bc:97:e1:00:00:01', driver: null, modalias: null, carrier: true, mtu: 9000 },
      kind: 'bond',
    },
  ]);
});

test('no links', async t => {
  for (const json of ['', '\n', '[]', '[{},{}]'])
    t.strictSame(
      parseLinks(json, () => virtio),
      [],
    );
});

test('what is not from ip is a bug, not an empty list', async t => {
  for (const json of ['{}', 'null', 'Object "link" is unknown', '[{"ifname":1}]']) {
    t.throws(() => parseLinks(json, () => virtio), { code: 'INTERNAL' }, json);
  }
});

test('names that udev would give', async t => {
  const output =
    'ID_NET_NAMING_SCHEME=v257\nID_NET_NAME_MAC=enx02fc00000001\nID_NET_NAME_PATH=enp0s3\nID_NET_NAME_SLOT=ens3\n';
  t.strictSame(parsePredictableNames(output), ['enx02fc00000001', 'enp0s3', 'ens3']);
  t.strictSame(parsePredictableNames(''), []);
});

test('addresses', async t => {
  const json = `[{"ifindex":1,"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},{},
  {"ifindex":2,"ifname":"eth0","addr_info":[
  {"family":"inet","local":"10.9.0.103","prefixlen":24,"broadcast":"10.9.0.255","scope":"global","dynamic":true,"label":"eth0"},
  {"family":"inet6","local":"2001:db8:7::1","prefixlen":64,"scope":"global","dynamic":true,"mngtmpaddr":true,"tentative":true},
  {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]}]`;
  const eth0 = { link: 'eth0', dynamic: false, tentative: false };
  t.strictSame(parseAddresses(json), [
    { ...eth0, address: '10.9.0.103/24', family: 4, global: true, dynamic: true },
    { ...eth0, address: '2001:db8:7::1/64', family: 6, global: true, dynamic: true, tentative: true },
    { ...eth0, address: 'fe80::1/64', family: 6, global: false },
  ]);
});

test('gateways', async t => {
  const json = `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","metric":100,"flags":["onlink"]},
  {"dst":"default","via":{"family":"inet6","host":"fe80::1"},"dev":"eth1","flags":[]},{"dst":"default","dev":"ppp0"}]`;
  t.strictSame(parseGateways(json), [
    { address: '192.0.2.1', link: 'eth0' },
    { address: 'fe80::1', link: 'eth1' },
  ]);
});

test('neighbours', async t => {
  const rows: [string, boolean][] = [
    ['[]', false],
    ['', false],
    ['[{"dst":"192.0.2.1","dev":"eth0","lladdr":"02:fc:00:00:00:05","state":["REACHABLE"]}]', true],
    ['[{"dst":"192.0.2.1","lladdr":"02:fc:00:00:00:05","router":null,"state":["STALE"]}]', true],
    ['[{"dst":"192.0.2.1","lladdr":"02:fc:00:00:00:05","state":["DELAY"]}]', true],
    ['[{"dst":"192.0.2.1","lladdr":"02:fc:00:00:00:05","state":["FAILED"]}]', false],
    ['[{"dst":"192.0.2.1","state":["INCOMPLETE"]}]', false],
    ['[{"dst":"192.0.2.1","state":["FAILED"]}]', false],
    ['[{"dst":"192.0.2.1","state":["NOARP"]}]', true],
  ];
  for (const [json, known] of rows) t.equal(parseNeighbour(json), known, json);
});
