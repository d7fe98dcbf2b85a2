import t from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { findLink } from '../../../../agent/plan/network/match-links.ts';
import {
  defaultRoute,
  prefixLength,
  readIpParameters,
} from '../../../../agent/config/sources/ip-parameter.ts';

t.test('ip= in all its forms', async t => {
  const viaGateway = [{ destination: 'default', gateway: '192.0.2.1' }];
  const rows: [ips: string[], interfaces: object[] | undefined][] = [
    [['dhcp'], []],
    [['on'], []],
    [['any'], []],
    [['auto6'], []],
    [['off'], undefined],
    [['none'], undefined],
    [['eth0:dhcp'], [{ name: 'eth0', dhcp: true, acceptRa: true }]],
    [['eth0:auto6'], [{ name: 'eth0', acceptRa: true }]],
    [['eth0:dhcp:1400'], [{ name: 'eth0', dhcp: true, acceptRa: true, mtu: 1400 }]],
    [['eth0:off'], undefined],
    [['dhcp,1,00-11'], []],
    [[':::::eth0:dhcp'], [{ name: 'eth0', dhcp: true, acceptRa: true }]],
    [[':::::eth0'], [{ name: 'eth0', dhcp: true, acceptRa: true }]],
    [['0.0.0.0:::::eth0:'], [{ name: 'eth0', dhcp: true, acceptRa: true }]],
    [
      ['192.0.2.5::192.0.2.1:255.255.255.0:web:eth0:off'],
      [{ name: 'eth0', addresses: ['192.0.2.5/24'], routes: viaGateway }],
    ],
    [
      ['192.0.2.5:192.0.2.9:192.0.2.1:24::eth0:none'],
      [{ name: 'eth0', addresses: ['192.0.2.5/24'], routes: viaGateway }],
    ],
    [['192.0.2.5/24::192.0.2.1'], [{ only: true, addresses: ['192.0.2.5/24'], routes: viaGateway }]],
    [
      ['192.0.2.5::198.51.100.1:255.255.255.255::eth0:off'],
      [
        {
          name: 'eth0',
          addresses: ['192.0.2.5/32'],
          routes: [{ destination: 'default', gateway: '198.51.100.1', onlink: true }],
        },
      ],
    ],
    [
      ['192.0.2.5::192.0.2.1:32'],
      [
        {
          only: true,
          addresses: ['192.0.2.5/32'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', onlink: true }],
        },
      ],
    ],
    [['10.0.0.2'], [{ only: true, addresses: ['10.0.0.2/8'], routes: [] }]],
    [['172.16.0.2'], [{ only: true, addresses: ['172.16.0.2/16'], routes: [] }]],
    [['192.168.0.2:::0.0.0.0'], [{ only: true, addresses: ['192.168.0.2/24'], routes: [] }]],
    [
      ['[2001:db8::5]::[2001:db8::1]:64:web:eth0:none'],
      [
        {
          name: 'eth0',
          addresses: ['2001:db8::5/64'],
          routes: [{ destination: 'default', gateway: '2001:db8::1' }],
        },
      ],
    ],
    [
      ['[2001:db8::5/64]::[fe80::1]'],
      [
        {
          only: true,
          addresses: ['2001:db8::5/64'],
          routes: [{ destination: 'default', gateway: 'fe80::1' }],
        },
      ],
    ],
    [['[2001:db8::5]:::128'], [{ only: true, addresses: ['2001:db8::5/128'], routes: [], acceptRa: true }]],
    [
      ['192.0.2.5::192.0.2.1:24::eth0:off', '[2001:db8::5]::[fe80::1]:64::eth0:off'],
      [
        {
          name: 'eth0',
          addresses: ['192.0.2.5/24', '2001:db8::5/64'],
          routes: [...viaGateway, { destination: 'default', gateway: 'fe80::1' }],
        },
      ],
    ],
    [
      ['dhcp', '[2001:db8::5]::[fe80::1]:64'],
      [
        {
          only: true,
          dhcp: true,
          addresses: ['2001:db8::5/64'],
          routes: [{ destination: 'default', gateway: 'fe80::1' }],
        },
      ],
    ],
    [
      ['eth0:dhcp', '10.0.0.2:::24::eth1:off'],
      [
        { name: 'eth0', dhcp: true, acceptRa: true },
        { name: 'eth1', addresses: ['10.0.0.2/24'], routes: [] },
      ],
    ],
    [
      ['192.0.2.5:::24::eth0:off:1400'],
      [{ name: 'eth0', addresses: ['192.0.2.5/24'], routes: [], mtu: 1400 }],
    ],
  ];
  for (const [ips, interfaces] of rows) {
    const { network, problems } = readIpParameters(ips, []);
    t.same(network.interfaces, interfaces, ips.join(' '));
    t.same(problems, [], ips.join(' '));
  }
});

t.test('names, name servers and what is left out', async t => {
  const reading = readIpParameters(
    ['192.0.2.5::192.0.2.1:24:web.example:eth0:off:192.0.2.53:192.0.2.54:192.0.2.123'],
    ['[2001:db8::53]', '192.0.2.53'],
  );
  t.equal(reading.hostName, 'web.example');
  t.same(reading.network.dns, { servers: ['192.0.2.53', '192.0.2.54', '2001:db8::53'] });
  t.match(reading.notes, [/time server/]);
  t.match(readIpParameters(['10.0.0.2'], []).notes, [/no netmask.*\/8/]);
  t.match(readIpParameters(['192.0.2.34/24:192.0.2.254'], []).notes, [
    /no gateway for 192\.0\.2\.34\/24.*default route.*third field/,
  ]);
  t.same(
    readIpParameters(['192.0.2.34/24', '198.51.100.7::198.51.100.1:24'], []).notes,
    [],
    'another has one',
  );
  t.same(readIpParameters(['[2001:db8::7]:::64::eth0'], []).notes, [], 'routers advertise one');
  t.match(readIpParameters(['off'], []).notes, [/ignored/]);
  t.match(readIpParameters(['dhcp,1,abc'], []).notes, [/client identifier/]);
  t.same(readIpParameters([], ['192.0.2.53']).network, { dns: { servers: ['192.0.2.53'] } });
});

t.test('what is wrong is said, what is right is kept', async t => {
  const rows: [ips: string[], nameservers: string[], problem: RegExp, kept: number][] = [
    [['dchp'], [], /client "dchp" is neither/, 0],
    [['192.0.2.300::192.0.2.1:24'], [], /client "192.0.2.300"/, 0],
    [['2001:db8::5::2001:db8::1:64'], [], /client "2001"/, 0],
    [['[2001:db8::5:::64'], [], /bracket/, 0],
    [['[fe80::1%eth0]:::64'], [], /client "fe80::1%eth0"/, 0],
    [['[2001:db8::5]'], [], /has no netmask/, 0],
    [['[2001:db8::5]:::129'], [], /"129" is not a valid netmask/, 0],
    [['240.0.0.1'], [], /has no netmask/, 0],
    [['192.0.2.5:::33'], [], /"33" is not a valid netmask/, 0],
    [['192.0.2.5:::255.0.255.0'], [], /"255.0.255.0" is not a valid netmask/, 0],
    [['192.0.2.5:::0.0.0.255'], [], /not a valid netmask/, 0],
    [['192.0.2.5::router:24'], [], /gateway "router" is not a valid IPv4/, 1],
    [['192.0.2.5::[fe80::1]:24'], [], /gateway "fe80::1" is not a valid IPv4/, 1],
    [['192.0.2.5:::24::eth0:dchp'], [], /"dchp" is not a valid/, 0],
    [['bootp'], [], /not support "bootp"/, 0],
    [['eth0:dhcp6'], [], /not support "dhcp6"/, 0],
    [['192.0.2.5:::24::eth0:off:dns'], [], /name server "dns"/, 1],
    [[], ['one.one.one.one'], /"one.one.one.one" is not a valid IPv4 or IPv6/, 0],
  ];
  for (const [ips, nameservers, problem, kept] of rows) {
    const reading = readIpParameters(ips, nameservers);
    const name = [...ips, ...nameservers].join(' ');
    t.match(reading.problems, [{ message: problem }], name);
    t.equal(reading.problems.length, 1, name);
    t.equal(reading.network.interfaces?.length ?? 0, kept, name);
  }
});

t.test('masks and routes', async t => {
  const masks: [string, boolean, number | null][] = [
    ['255.255.255.255', true, 32],
    ['255.255.254.0', true, 23],
    ['0', true, 0],
    ['64', false, 64],
    ['255.255.255.0', false, null],
    ['ffff::', false, null],
    ['', true, null],
  ];
  for (const [mask, v4, length] of masks) t.equal(prefixLength(mask, v4), length, mask);
  t.same(defaultRoute('2001:db8::5/128', '2001:db8::1'), {
    destination: 'default',
    gateway: '2001:db8::1',
    onlink: true,
  });
});

t.test('an ip= without a device means the only interface with carrier', async t => {
  const link = { driver: null, modalias: null, mtu: 1500 };
  const down = { ...link, name: 'eth0', mac: '52:54:00:00:00:01', carrier: false };
  const up = { ...link, name: 'eth1', mac: '52:54:00:00:00:02', carrier: true };
  const alsoUp = { ...link, name: 'eth2', mac: '52:54:00:00:00:03', carrier: true };
  const [wanted] = networkSchema.parse(readIpParameters(['192.0.2.5:::24'], []).network).interfaces;
  const rows: [links: Link[], name: string | null][] = [
    [[down, up], 'eth1'],
    [[down], 'eth0'],
    [[up, alsoUp], null],
    [[], null],
  ];
  for (const [links, name] of rows) {
    const warnings: string[] = [];
    t.equal(findLink(wanted!, links, warnings)?.name ?? null, name);
    t.equal(warnings.length, name === null ? 1 : 0);
  }
});
