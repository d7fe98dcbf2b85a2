import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { Random } from '../../support/random.ts';

/**
 * Captures of systems that never were: mostly in the forms that `ip` prints, with values that a kernel, a hoster or a
 * person with an editor may have put there.
 */

const names = [
  'eth0',
  'enp1s0f0np0',
  'br0',
  'bond0',
  'wg0',
  'eth0.7',
  'größe',
  'a"b',
  "it's",
  'x#1',
  '\u001b[2J',
];
const addresses4 = [
  '192.0.2.7',
  '198.51.100.9',
  '0.0.0.0',
  '255.255.255.255',
  '169.254.1.1',
  '192.0.2.300',
  '',
];
const addresses6 = ['2001:db8::7', 'fe80::1', 'fe80::1%2', 'fe80::1%eth0', '::ffff:192.0.2.1', '::', 'gg::1'];
const macs = [
  '52:54:00:12:34:56',
  '00:00:00:00:00:00',
  'ff:ff:ff:ff:ff:ff',
  '52-54-00-12-34-56',
  '52:54:00',
  '',
];
const numbers = [0, 1, 7, 254, 255, 1024, 4094, 4095, 65536, 4294967295, 4294967296, -1, 1.5, 1e300];
const tables = ['main', 'local', 'default', 'isp-2', 'größe', '100', 'all', 0, 100, 4294967296, '-5', '0x64'];
const words = [
  '',
  'x',
  'none',
  'layer3+4',
  'vlan+srcmac',
  'always',
  'slow',
  'active-backup',
  '802.3ad',
  'ümlaut',
];
const strange = [null, true, [], {}, 'x'.repeat(300), '\n', '\u0000'];

export function strangeSystem(seed: number): CapturedFiles {
  const random = new Random(seed);
  const maybe = <T>(value: T, probability = 0.5): T | undefined =>
    random.chance(probability) ? value : undefined;
  /** Now and then of a type that nobody expects. */
  const odd = (value: unknown): unknown => (random.chance(0.01) ? random.pick(strange) : value);
  const number = () => odd(random.pick(numbers));
  const name = () => (random.chance(0.8) ? random.pick(names.slice(0, 6)) : random.pick(names));
  const address = () => random.pick(random.chance(0.5) ? addresses4 : addresses6);
  const network = () =>
    random.pick(['default', address(), `${address()}/${random.pick(numbers)}`, `${address()}/24`]);

  const linkInfo = () => {
    const kind = random.pick(['bond', 'vlan', 'bridge', 'tun', 'vrf', undefined]);
    return {
      info_kind: kind,
      info_data: maybe(
        {
          ...{
            mode: random.pick(words),
            miimon: number(),
            ad_lacp_rate: random.pick(words),
            primary: name(),
          },
          ...{
            primary_reselect: random.pick(words),
            xmit_hash_policy: random.pick(words),
            min_links: number(),
          },
          ...{ arp_ip_target: random.pick([[address()], address(), undefined]), arp_interval: number() },
          ...{ id: number(), protocol: random.pick(['802.1Q', '802.1ad', 'x']), stp_state: number() },
          ...{ forward_delay: number(), priority: number(), vlan_filtering: random.pick([0, 1]) },
        },
        0.9,
      ),
      info_slave_kind: maybe('bond', 0.2),
      info_slave_data: maybe({ perm_hwaddr: random.pick(macs) }, 0.2),
    };
  };
  const link = (index: number) => ({
    ...{ ifindex: index + 1, ifname: odd(name()), flags: ['UP', 'LOWER_UP'], mtu: number() },
    ...{
      link_type: random.pick(['ether', 'ether', 'ether', 'loopback', 'none']),
      address: odd(random.pick(macs)),
    },
    ...{ permaddr: maybe(random.pick(macs), 0.2), master: maybe(name(), 0.3), link: maybe(name(), 0.3) },
    ...{ linkinfo: maybe(linkInfo(), 0.6), altnames: maybe([name()], 0.1) },
  });
  const own = () => ({
    ...{ family: random.pick(['inet', 'inet6']), local: odd(address()), prefixlen: number() },
    ...{ address: maybe(address(), 0.2), scope: random.pick(['global', 'link', 'host']) },
    ...{ dynamic: maybe(true, 0.3), temporary: maybe(true, 0.1), preferred_life_time: maybe(number()) },
  });
  const hop = () => ({
    ...{
      gateway: maybe(address()),
      via: maybe({ family: 'inet6', host: address() }, 0.1),
      dev: maybe(name(), 0.9),
    },
    ...{ flags: random.pick([[], ['onlink'], ['dead', 'linkdown']]), weight: maybe(number(), 0.3) },
  });
  const route = () => ({
    ...hop(),
    ...{ dst: odd(network()), type: random.pick(['unicast', 'unicast', 'blackhole', 'nat', undefined]) },
    ...{
      table: maybe(random.pick(tables)),
      protocol: random.pick(['dhcp', 'ra', 'static', 'kernel', 'bird', 4]),
    },
    ...{ metric: maybe(number()), prefsrc: maybe(address(), 0.3), scope: random.pick(['link', 'site', 200]) },
    ...{ metrics: maybe([{ mtu: number(), advmss: number() }], 0.2) },
    ...{ nexthops: maybe(random.list(0, 3, hop), 0.1), pref: maybe('high', 0.1) },
  });
  const rule = () => ({
    ...{ priority: number(), src: random.pick(['all', address()]), srclen: maybe(number(), 0.3) },
    ...{ dst: maybe(network(), 0.3), fwmark: maybe(random.pick(['0x1', 'x', '0x1ffffffff']), 0.2) },
    ...{
      fwmask: maybe('0xff', 0.1),
      iif: maybe(name(), 0.2),
      oif: maybe(name(), 0.1),
      not: maybe(null, 0.1),
    },
    ...{ table: maybe(random.pick(tables), 0.8), action: maybe(random.pick(['unreachable', 'nop']), 0.2) },
    ...{ suppress_prefixlen: maybe(number(), 0.1), l3mdev: maybe(null, 0.05) },
  });
  const cut = (text: string) =>
    random.chance(0.02) ? text.slice(0, random.integer(0, text.length - 1)) : text;
  const json = (most: number, make: (index: number) => unknown) =>
    cut(JSON.stringify(random.list(0, most, make)));
  const servers = () =>
    random.pick([address(), '127.0.0.53', '192.0.2.53#53', '[2001:db8::53]:53%eth0', 'dns', '']);
  const domains = () =>
    random.pick(['example.org', '~corp', '.', 'größe.example', '_tcp.example', 'a b', '-', 'x\u0007y']);
  return {
    'link.json': json(8, link),
    'addr.json': json(8, index => ({ ...link(index), addr_info: random.list(0, 4, own) })),
    'route-4.json': json(12, route),
    'route-6.json': json(12, route),
    'rule-4.json': json(6, rule),
    'rule-6.json': json(6, rule),
    rt_tables: `254\tmain\n${random.pick(numbers)} isp-2\n# 5 comment\n0x10 größe\n`,
    permaddr: random.list(0, 4, () => `${name()} ${random.pick(macs)}\n`).join(''),
    'resolv.conf': cut(
      [
        ...random.list(0, 4, () => `nameserver ${servers()}\n`),
        ...random.list(0, 2, () => `search ${random.list(0, 4, domains).join(' ')}\n`),
        ...random.list(0, 1, () => 'options edns0\n\ufeffnameserver\t192.0.2.1\r\n'),
      ].join(''),
    ),
    'resolved/resolved.conf': `[Resolve]\nDNS=${random.list(0, 3, servers).join(' ')}\nDomains=${domains()}\n`,
    'nm-dns': `dns=${random.list(0, 2, servers).join(';')};\ndns-search=${domains()};\n`,
    'leases/networkd/1': `ADDRESS=${address()}\nCLIENTID=${random.pick(['ff00000001', 'zz', '0', '01:02'])}\n`,
    'leases/dhclient/dhclient.leases': cut(
      `lease {\n  interface "${name()}";\n  fixed-address ${address()};\n  option dhcp-client-identifier "\\000\\"x";\n}\n`,
    ),
    'leases/dhcpcd/duid': random.pick(['00:01:00:01:2c:aa:bb:cc', '', 'x']),
    [`leases/dhcpcd/${name()}.lease`]: '\u0002',
    [`leases/udhcpc/${name()}`]: '',
  };
}
