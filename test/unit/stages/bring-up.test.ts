import { join } from 'node:path';
import t, { type Test } from 'tap';
import { networkSchema, type NetworkInput } from '../../../agent/config/schema.ts';
import { asDabeiError, type ErrorCode } from '../../../agent/errors.ts';
import { bringUpNetwork, type NetworkResult } from '../../../agent/stages/network.ts';
import { doorsTo, type World } from '../../support/doors.ts';

/** bringUpNetwork, with an ip(8) that answers from files, and keeps what it was given. */

t.setTimeout(200_000);

const mac = '52:54:00:12:34:56';
const link = (flags: string[] = ['UP', 'LOWER_UP']) =>
  JSON.stringify([
    { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65536, link_type: 'loopback' },
    { ifindex: 2, ifname: 'eth0', flags, mtu: 1500, link_type: 'ether', address: mac },
  ]);
const addresses = (...infos: object[]) => JSON.stringify([{ ifname: 'eth0', addr_info: infos }]);
const inet = { family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global' };
const leased = { family: 'inet', local: '198.51.100.9', prefixlen: 24, scope: 'global', dynamic: true };
const learnt = { family: 'inet6', local: '2001:db8::9', prefixlen: 64, scope: 'global', dynamic: true };
const neighbour = JSON.stringify([{ dst: '192.0.2.1', lladdr: mac, state: ['REACHABLE'] }]);

const ip = `case "$*" in
  "-json -details link") cat $ROOT/ip/link;;
  "-json address") cat $ROOT/ip/address;;
  "-json -4 route show default") cat $ROOT/ip/routes || echo '[]';;
  "-json -6 route show default") echo '[]';;
  "-json neigh show to"*) cat $ROOT/ip/neigh || echo '[]';;
  *-batch*) cat >> $ROOT/ip/batch; cat $ROOT/ip/refused >&2 && exit 1; exit 0;;
esac 2>&3`.replace('2>&3', '');

const machine = (more: Record<string, string> = {}) => ({
  '/ip/link': link(),
  '/ip/address': addresses(inet),
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  '/proc/sys/net/ipv6/conf/eth0/accept_ra': '0\n',
  '/proc/sys/net/ipv6/conf/eth0/accept_dad': '1\n',
  ...more,
});
const programs = {
  ip,
  udevadm: 'exit 0',
  modprobe: 'echo no such module >&2; exit 1',
  busybox: 'exit 0',
  '/usr/lib/dabei/resolvconf': 'exit 0',
};
/** As udhcpc's script does. */
const leasing = { ...programs, busybox: 'mkdir -p $ROOT/run/dabei/dhcp; touch $ROOT/run/dabei/dhcp/eth0' };

const fixed: NetworkInput = {
  interfaces: [
    { mac, addresses: ['192.0.2.7/24'], routes: [{ destination: 'default', gateway: '192.0.2.1' }] },
  ],
  dns: { servers: ['192.0.2.53'] },
};

async function bringUp(t: Test, world: World, input: NetworkInput = fixed) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), { waiting: 6, ...world });
  const [result, error] = await bringUpNetwork(doors, networkSchema.parse(input), { hostName: 'web' }).then(
    (made): [NetworkResult, null] => [made, null],
    (thrown: unknown): [null, ReturnType<typeof asDabeiError>] => [null, asDabeiError(thrown, 'bringing up')],
  );
  return { doors, result, error, batch: doors.read('/ip/batch') ?? '' };
}

t.test('a configured gateway that answers', async t => {
  const { doors, result, batch } = await bringUp(t, { files: machine({ '/ip/neigh': neighbour }), programs });
  t.match(result, { via: 'static', addresses: { eth0: ['192.0.2.7/24'] }, unreachable: [], warnings: [] });
  t.match(batch, /^address replace 192\.0\.2\.7\/24 .*dev eth0$/m);
  t.match(batch, /^route replace default via 192\.0\.2\.1 dev eth0/m);
  t.match(batch, /^neigh replace 192\.0\.2\.1 dev eth0 use$/m);
  t.match(doors.read('/run/dabei/resolv/0-config'), /192\.0\.2\.53/);
  t.equal(doors.read('/proc/sys/net/ipv6/conf/eth0/accept_dad'), '0', 'the gateway is asked at once');
  t.notOk(
    doors.ran.some(line => line.includes('udhcpc')),
    'nobody asks for a lease',
  );
});

t.test('a gateway that is silent, and a DHCP server', async t => {
  const files = machine({
    '/ip/address': addresses(inet, leased),
    '/ip/routes': JSON.stringify([{ dst: 'default', gateway: '198.51.100.1', dev: 'eth0', flags: [] }]),
  });
  const { doors, result } = await bringUp(t, { files, programs: leasing });
  t.match(result, { via: 'dhcp', unreachable: ['192.0.2.1'] });
  t.match(result?.warnings, [
    /gateway 192\.0\.2\.1 on eth0 does not answer/,
    /no configured gateway answers within 20 s/,
    /gateway 198\.51\.100\.1 does not answer/,
  ]);
  const asked = doors.ran.find(line => line.includes('udhcpc'));
  t.match(asked, /-i eth0 .*-x hostname:web/);
  t.match(doors.read('/run/dabei/resolv/z-config'), /192\.0\.2\.53/, 'configured servers come last');
  t.equal(doors.read('/run/dabei/resolv/0-config'), null);
  t.equal(doors.read('/proc/sys/net/ipv6/conf/eth0/accept_ra'), '2');
  t.equal(doors.read('/proc/sys/net/ipv6/conf/eth0/accept_dad'), '1');
});

t.test('nothing configured, and a router advertises', async t => {
  const files = machine({ '/ip/address': addresses(learnt) });
  const { result } = await bringUp(t, { files, programs }, {});
  t.match(result, { via: 'ra', addresses: { eth0: ['2001:db8::9/64'] }, unreachable: [] });
});

t.test('doors that fail', async t => {
  const refused = 'Error: Nexthop has invalid gateway.\nCommand failed -:2\n';
  const rows: [name: string, world: World, code: ErrorCode | null, problem: RegExp, warning: RegExp | null][] = [
    ['no interface', { files: machine({ '/ip/link': '[]' }), programs }, 'NETWORK_NO_LINK', /no interface appeared within 10 s/, null],
    ['nobody answers', { files: machine(), programs }, 'NETWORK_UNREACHABLE', /no configured gateway answers \(192\.0\.2\.1\), and no DHCP server/, null],
    ['no carrier', { files: machine({ '/ip/link': link(['UP']) }), programs }, 'NETWORK_UNREACHABLE', /no interface has a carrier \(eth0\)/, null],
    ['ip is missing', { files: machine(), programs: { ...programs, ip: 'exit 127' } }, 'COMMAND_FAILED', /exit code 127/, /asking for addresses on every interface/],
    ['ip is killed', { files: machine(), programs: { ...programs, ip: 'kill -9 $$' } }, 'COMMAND_FAILED', /exit code 137/, /asking for addresses on every interface/],
    ['ip answers nonsense', { files: machine({ '/ip/link': '{"cut":' }), programs }, 'INTERNAL', /./, /asking for addresses on every interface/],
    ['ip never ends', { files: machine(), programs: { ...programs, ip: 'exec sleep 60' }, programSeconds: 0.3 }, 'COMMAND_TIMEOUT', /did not end/, /asking for addresses on every interface/],
    ['the kernel refuses a line', { files: machine({ '/ip/neigh': neighbour, '/ip/refused': refused }), programs }, null, /./, /^ip .*: Error: Nexthop has invalid gateway\.$/],
    ['name servers cannot be written', { files: machine({ '/ip/neigh': neighbour }), programs, failing: [['writeAtomic', /resolv/, 'ENOSPC']] }, 'FILE', /ENOSPC/, /asking for addresses on every interface/],
  ]; // prettier-ignore
  for (const [name, world, code, problem, warning] of rows) {
    const { doors, result, error } = await bringUp(t, world);
    if (code === null) t.match(result, { via: 'static' }, name);
    else t.match(error, { code, problem }, name);
    if (code === 'NETWORK_UNREACHABLE')
      t.match(error?.cause, { via: 'none', unreachable: ['192.0.2.1'] }, `${name}: what came up is told`);
    if (warning)
      t.ok(
        doors.told.some(entry => 'text' in entry && warning.test(entry.text)),
        `${name}: warning`,
      );
  }
});
