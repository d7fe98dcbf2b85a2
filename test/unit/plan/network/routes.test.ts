import { dns, testWorlds, v4, v4Batch, v4Gateway } from './worlds.ts';

testWorlds([
  {
    name: '/32 with a gateway outside gets onlink by itself',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: 'default', gateway: '203.0.113.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace default via 203.0.113.1 dev eth0 onlink',
    ],
  },
  {
    name: '/32 with a route to the gateway: the route goes first and covers it',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }, { destination: '192.0.2.1/32' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace 192.0.2.1/32 dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
  },
  {
    name: 'onlink that is asked for is kept',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', onlink: true }],
        },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0 onlink'],
  },
  {
    name: 'an address of another link does not cover a gateway',
    config: {
      interfaces: [
        { name: 'eth0', addresses: ['192.0.2.7/24'] },
        {
          name: 'eth1',
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 198.51.100.7/24 broadcast + dev eth1',
      'route replace default via 192.0.2.1 dev eth1 onlink',
    ],
  },
  {
    name: '/31 has no broadcast address (RFC 3021)',
    config: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.6/31'], dhcp: true }] },
    batch: ['link set dev eth0 up', 'address replace 192.0.2.6/31 dev eth0'],
  },
  {
    name: 'IPv6 only, link-local gateway',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: 'fe80::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 2001:db8::7/64 dev eth0 nodad',
      'route replace ::/0 via fe80::1 dev eth0',
    ],
    gateways: [{ address: 'fe80::1', link: 'eth0' }],
    static: true,
  },
  {
    name: 'IPv6 gateway outside, ::/0 as destination',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['2001:db8::7/128'],
          routes: [{ destination: '::/0', gateway: '2001:db8:ffff::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 2001:db8::7/128 dev eth0 nodad',
      'route replace ::/0 via 2001:db8:ffff::1 dev eth0 onlink',
    ],
    gateways: [{ address: '2001:db8:ffff::1', link: 'eth0' }],
  },
  {
    name: 'IPv4 through an IPv6 gateway (RFC 8950)',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: '0.0.0.0/0', gateway: 'fe80::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace 0.0.0.0/0 via inet6 fe80::1 dev eth0',
    ],
  },
  {
    name: 'IPv6 through an IPv4 gateway does not exist',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: '::/0', gateway: '192.0.2.1' }],
        },
      ],
      dns,
    },
    batch: v4Batch,
    warnings: [/cannot use an IPv4 gateway via 192.0.2.1/, /no default route/],
  },
  {
    name: 'default routes without a gateway, by family of the addresses',
    config: {
      interfaces: [
        { name: 'eth0', addresses: ['192.0.2.7/32'], routes: [{ destination: 'default' }] },
        { name: 'eth1', addresses: ['2001:db8::7/128'], routes: [{ destination: 'default' }] },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/32 dev eth0',
      'address replace 2001:db8::7/128 dev eth1 nodad',
      'route replace default dev eth0',
      'route replace ::/0 dev eth1',
    ],
    gateways: [],
  },
  {
    name: 'two default routes of the same metric: the second is kept behind the first',
    config: {
      interfaces: [
        { name: 'eth0', ...v4 },
        {
          name: 'eth1',
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '198.51.100.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 198.51.100.7/24 broadcast + dev eth1',
      'route replace default via 192.0.2.1 dev eth0',
      'route replace default via 198.51.100.1 dev eth1 metric 1',
    ],
    gateways: [v4Gateway, { address: '198.51.100.1', link: 'eth1' }],
  },
  {
    name: 'default routes of two families do not collide; networks behind gateways go before them',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1' },
            { destination: 'default', gateway: '2001:db8::1' },
            { destination: '10.0.0.0/8', gateway: '192.0.2.254' },
          ],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 2001:db8::7/64 dev eth0 nodad',
      'route replace 10.0.0.0/8 via 192.0.2.254 dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
      'route replace ::/0 via 2001:db8::1 dev eth0',
    ],
  },
]);
