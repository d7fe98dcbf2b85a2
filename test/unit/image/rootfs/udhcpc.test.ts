import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'tap';

/**
 * The script that udhcpc runs, with an `ip` that only writes down what it is asked. The link is `lo`: the script reads
 * the interface's index and MTU from /sys.
 */
const lib = new URL('../../../../image/rootfs/root/usr/lib/dabei', import.meta.url).pathname;

const metric = 1024 + Number(readFileSync('/sys/class/net/lo/ifindex', 'utf8'));
const lease = {
  ip: '10.9.0.103',
  mask: '24',
  broadcast: '10.9.0.255',
  lease: '600',
  router: '10.9.0.1 10.9.0.2',
};
const address = 'address replace 10.9.0.103/24 broadcast 10.9.0.255 dev lo valid_lft 600 preferred_lft 600';
const defaultRoute = `route replace 0.0.0.0/0 via 10.9.0.1 dev lo onlink proto dhcp src 10.9.0.103 metric ${metric}`;

/**
 * @param defaults what `ip route show default` prints
 * @param permanent what `ip -o address show … permanent` prints: addresses that the configuration gave
 */
function client(directory: string, permanent = '', defaults = '') {
  const bin = `${directory}/bin`;
  const calls = `${directory}/calls`;
  const resolvConf = `${directory}/resolv.conf`;
  let said = '';
  mkdirSync(bin);
  writeFileSync(
    `${bin}/ip`,
    `#!/bin/sh
case "$*" in
  *permanent) echo '${permanent}' ;;
  *'route show default') printf '%s' '${defaults}' ;;
  *-batch*) sed 's/^/batch: /' >>${calls} ;;
  *) echo "$*" >>${calls} ;;
esac
`,
  );
  chmodSync(`${bin}/ip`, 0o755);
  return {
    /** What the script wrote in the last event. */
    said: () => said,
    /** Runs the script for an event. Returns what it had `ip` do. */
    event(name: string, variables: Record<string, string> = {}): string[] {
      writeFileSync(calls, '');
      said = execFileSync(`${lib}/udhcpc`, [name], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: `${bin}:${process.env.PATH}`,
          DABEI_RUN: `${directory}/run`,
          DABEI_LIB: lib,
          DABEI_RESOLV_CONF: resolvConf,
          interface: 'lo',
          ...variables,
        },
        encoding: 'utf8',
      });
      return readFileSync(calls, 'utf8').split('\n').filter(Boolean);
    },
    source(name: string, text: string): void {
      mkdirSync(`${directory}/run/resolv`, { recursive: true });
      writeFileSync(`${directory}/run/resolv/${name}`, text);
    },
    resolvConf: () => (existsSync(resolvConf) ? readFileSync(resolvConf, 'utf8') : null),
    hasLease: () => existsSync(`${directory}/run/dhcp/lo`),
  };
}

test('at the start nothing is taken away', async t => {
  t.strictSame(client(t.testdir()).event('deconfig'), ['link set dev lo up']);
});

test('a lease', async t => {
  const { event, hasLease } = client(t.testdir());
  t.strictSame(event('bound', lease), [address, `batch: ${defaultRoute}`]);
  t.ok(hasLease());
});

test('leases', async t => {
  const rows: [string, Record<string, string>, string[]][] = [
    [
      'no lifetime, no router, no mask',
      { ip: '10.9.0.103' },
      ['address replace 10.9.0.103/32 dev lo valid_lft forever preferred_lft forever'],
    ],
    [
      'classless routes replace the router; networks on the link go first',
      { ...lease, staticroutes: '0.0.0.0/0 10.9.0.254 10.9.0.254/32 0.0.0.0' },
      [
        address,
        `batch: route replace 10.9.0.254/32 dev lo proto dhcp scope link src 10.9.0.103 metric ${metric}`,
        `batch: route replace 0.0.0.0/0 via 10.9.0.254 dev lo onlink proto dhcp src 10.9.0.103 metric ${metric}`,
      ],
    ],
    ['an MTU', { ...lease, mtu: '1460' }, ['link set dev lo mtu 1460', address, `batch: ${defaultRoute}`]],
    ['an MTU that would end IPv6', { ...lease, mtu: '576' }, [address, `batch: ${defaultRoute}`]],
    [
      'an MTU that the configuration gives',
      { ...lease, mtu: '1460', DABEI_FIXED_MTU: '1' },
      [address, `batch: ${defaultRoute}`],
    ],
  ];
  for (const [name, variables, calls] of rows) {
    t.test(name, async t => t.strictSame(client(t.testdir()).event('bound', variables), calls));
  }
});

test('a renewal of the same lease takes nothing away', async t => {
  const { event } = client(t.testdir());
  event('bound', lease);
  t.strictSame(event('renew', lease), [address, `batch: ${defaultRoute}`]);
});

test('another address takes the old one away, and only that', async t => {
  const { event } = client(t.testdir());
  event('bound', lease);
  t.strictSame(event('bound', { ...lease, ip: '10.9.0.104', router: '' }), [
    '-4 route flush dev lo proto dhcp',
    'address del 10.9.0.103/24 dev lo',
    'address replace 10.9.0.104/24 broadcast 10.9.0.255 dev lo valid_lft 600 preferred_lft 600',
  ]);
});

test('the end of a lease', async t => {
  const { event, hasLease } = client(t.testdir());
  event('bound', lease);
  t.strictSame(event('deconfig'), [
    '-4 route flush dev lo proto dhcp',
    'address del 10.9.0.103/24 dev lo',
    'link set dev lo up',
  ]);
  t.notOk(hasLease());
});

test('an address that the configuration gives too keeps its life, and outlives the lease', async t => {
  const { event, hasLease } = client(
    t.testdir(),
    '2: lo    inet 10.9.0.103/24 brd 10.9.0.255 scope global lo\\       valid_lft forever preferred_lft forever',
  );
  t.strictSame(event('bound', lease), [`batch: ${defaultRoute}`]);
  t.ok(hasLease());
  t.strictSame(event('deconfig'), ['-4 route flush dev lo proto dhcp', 'link set dev lo up']);
});

test('name servers: all sources, earlier names first, one search line', async t => {
  const { event, source, resolvConf } = client(t.testdir());
  source('0-config', 'search a.example\nnameserver 192.0.2.53\n');
  source('ra', 'nameserver 2001:db8::53\nnameserver 192.0.2.53\nsearch lab a.example\n');
  event('bound', { ...lease, dns: '10.9.0.53 10.9.0.54', domain: 'b.example' });
  t.equal(
    resolvConf(),
    'search a.example b.example lab\nnameserver 192.0.2.53\nnameserver 10.9.0.53\nnameserver 10.9.0.54\nnameserver 2001:db8::53\n',
  );
  event('deconfig');
  t.equal(resolvConf(), 'search a.example lab\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n');
});

test('without any name server resolv.conf stays as it is', async t => {
  const { event, resolvConf } = client(t.testdir());
  event('bound', { ...lease, dns: '10.9.0.53' });
  event('deconfig');
  t.equal(resolvConf(), 'nameserver 10.9.0.53\n');
});

test('events that change nothing', async t => {
  const { event } = client(t.testdir());
  for (const name of ['leasefail', 'nak', '']) t.strictSame(event(name), [], name);
});

test('preferences of a link', async t => {
  const classless = { ...lease, staticroutes: '10.0.0.0/8 10.9.0.2 0.0.0.0/0 10.9.0.1' };
  const route = `batch: route replace 10.0.0.0/8 via 10.9.0.2 dev lo onlink proto dhcp src 10.9.0.103 metric ${metric}`;
  const withMetric = (value: number) => `batch: ${defaultRoute.replace(/\d+$/, String(value))}`;
  const other = 'default via 192.0.2.1 dev eth7 proto dhcp metric 100 \ndefault via 192.0.2.2 dev eth8 \n';
  const rows: [string, Record<string, string>, string[], string?][] = [
    ['a metric', { ...lease, DABEI_METRIC: '100' }, [address, withMetric(100)]],
    ['the metric 0', { ...lease, DABEI_METRIC: '0' }, [address, withMetric(0)]],
    ['a metric that another link has', { ...lease, DABEI_METRIC: '100' }, [address, withMetric(101)], other],
    [
      'the metric 0, which another link has',
      { ...lease, DABEI_METRIC: '0' },
      [address, withMetric(1)],
      other,
    ],
    [
      'a metric that the link itself has',
      { ...lease, DABEI_METRIC: '100' },
      [address, withMetric(100)],
      'default via 10.9.0.1 dev lo proto dhcp metric 100',
    ],
    ['no default route', { ...lease, DABEI_NO_GATEWAY: '1' }, [address]],
    ['no default route, but the others', { ...classless, DABEI_NO_GATEWAY: '1' }, [address, route]],
    ['no routes', { ...classless, DABEI_NO_ROUTES: '1' }, [address]],
  ];
  for (const [name, variables, calls, defaults] of rows) {
    t.test(name, async t => t.strictSame(client(t.testdir(), '', defaults).event('bound', variables), calls));
  }
  const { event, resolvConf } = client(t.testdir());
  event('bound', { ...lease, dns: '10.9.0.53', domain: 'b.example', DABEI_NO_DNS: '1' });
  t.equal(resolvConf(), null, 'no name servers');
});

test('text of a server adds no line to anything', async t => {
  const evil = 'x\nnameserver 6.6.6.6\nAccepted publickey for root from 6.6.6.6 port 1 ssh2';
  const rows: [string, Record<string, string>, string | null][] = [
    ['a search list with line breaks (119)', { search: evil }, null],
    ['a search list with a carriage return', { search: 'a.example\rnameserver 6.6.6.6' }, null],
    ['a domain with a line break (15)', { domain: evil }, null],
    ['a domain with an escape sequence', { domain: '\u001b[2Jx.example' }, null],
    ['a domain with a backslash', { domain: 'x\\nnameserver 6.6.6.6' }, null],
    ['a pattern of the shell', { search: '*' }, null],
    ['a good search list', { search: 'a.example b_c.example.' }, 'search a.example b_c.example.'],
    ['a bad search list beside a good domain', { search: evil, domain: 'a.example' }, 'search a.example'],
    ['a host name that nobody asked for (12)', { hostname: evil }, null],
  ];
  for (const [name, variables, search] of rows) {
    const { event, resolvConf } = client(t.testdir());
    event('bound', { ...lease, dns: '10.9.0.53', ...variables });
    t.equal(resolvConf(), `${search === null ? '' : `${search}\n`}nameserver 10.9.0.53\n`, name);
  }
  const messages: [string, string][] = [
    [evil, 'lo: refused: "x nameserver 6.6.6.6 Accepted publickey for root from 6.6.6.6 port 1 ssh2"\n'],
    ['no\\nAccepted publickey for root', 'lo: refused: "no\\nAccepted publickey for root"\n'],
    ['\u001b[2Jgone\u0007', 'lo: refused: " [2Jgone "\n'],
    ['', 'lo: refused: "no reason given"\n'],
  ];
  for (const [message, said] of messages) {
    const client_ = client(t.testdir({}));
    client_.event('nak', { message });
    t.equal(client_.said(), said);
  }
});

test('sources of name servers: what is no address and no name is not written', async t => {
  const { event, source, resolvConf } = client(t.testdir());
  source('ra', 'nameserver fe80::1%eth0\nnameserver x;y\nsearch a.example \u001b[2J b\noptions debug\n');
  event('bound', { ...lease, dns: '' });
  t.equal(resolvConf(), 'search a.example b\nnameserver fe80::1%eth0\n');
});
