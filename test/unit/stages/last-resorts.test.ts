import { join } from 'node:path';
import t, { type Test } from 'tap';
import { networkSchema, type NetworkInput } from '../../../agent/config/schema.ts';
import { asDabeiError } from '../../../agent/errors.ts';
import { bringUpNetwork, type NetworkResult } from '../../../agent/stages/network.ts';
import { doorsTo, type TestDoors, type World } from '../../support/doors.ts';

/** bringUpNetwork where the first attempt does not help: gateways that come late, bonds without an uplink, programs that fail. */

t.setTimeout(200_000);

const macOf = (name: string) => `52:54:00:00:00:0${name.at(-1)}`;
const card = (name: string, more: object = {}) => ({
  ...{
    ifname: name,
    flags: ['UP', 'LOWER_UP'],
    mtu: 1500,
    link_type: 'ether',
    address: macOf(name),
    ...more,
  },
});
const bond0 = { ...card('bond0'), linkinfo: { info_kind: 'bond' } };
const member = { master: 'bond0' };
const bonded = JSON.stringify([card('eth0', member), card('eth1', member), bond0]);
const cards = JSON.stringify([card('eth0'), card('eth1')]);
const addresses = (...infos: object[]) => JSON.stringify([{ ifname: 'eth1', addr_info: infos }]);
const inet = { family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global' };
const learnt = { family: 'inet6', local: '2001:db8::9', prefixlen: 64, scope: 'global', dynamic: true };

/** The file "torn" appears with the end of the bond, "asked" with the first request for a lease. */
const ip = `case "$*" in
  "-json -details link") cat $ROOT/ip/link;;
  "-json address") cat $ROOT/ip/address;;
  *"show default") echo '[]';;
  "-json neigh show to 192.0.2.1 "*) [ ! -e $ROOT/asked ] || [ -e $ROOT/mute ] || { cat $ROOT/ip/neigh; exit; }; echo '[]';;
  *neigh*) echo '[]';;
  *-batch*) cat > $ROOT/last; cat $ROOT/last >> $ROOT/batch
    ! grep -q '^link del dev bond0' $ROOT/last || { cp $ROOT/ip/cards $ROOT/ip/link; touch $ROOT/torn; };;
esac`;
/** As udhcpc's script does, on a link that has an uplink only outside of the bond. */
const leasing = 'touch $ROOT/asked; [ ! -e $ROOT/torn ] || { mkdir -p $ROOT/run/dabei/dhcp; touch $ROOT/run/dabei/dhcp/eth1; }'; // prettier-ignore

const files = {
  '/ip/link': cards,
  '/ip/cards': cards,
  '/ip/address': addresses(inet),
  '/ip/neigh': JSON.stringify([{ dst: '192.0.2.1', lladdr: macOf('eth9'), state: ['REACHABLE'] }]),
  ...Object.fromEntries(
    ['eth0', 'eth1'].flatMap((name): [string, string][] => [
      [`/sys/class/net/${name}/device/modalias`, 'virtio:d1v1\n'],
      [`/proc/sys/net/ipv6/conf/${name}/accept_ra`, '0\n'],
    ]),
  ),
};
const programs = {
  ip,
  udevadm: 'exit 0',
  modprobe: 'exit 0',
  busybox: 'touch $ROOT/asked',
  '/usr/lib/dabei/resolvconf': 'exit 0',
};

const routes = [{ destination: 'default', gateway: '192.0.2.1' }];
const fixed: NetworkInput = {
  interfaces: [{ mac: macOf('eth1'), addresses: ['192.0.2.7/24'], routes }],
  dns: { servers: ['192.0.2.53'] },
};
const bond: NetworkInput = {
  interfaces: [
    {
      ...{ name: 'bond0', addresses: ['192.0.2.7/24'], routes },
      bond: { members: ['eth0', 'eth1'], mode: 'active-backup', miimon: 100 },
    },
  ],
};

async function bringUp(t: Test, input: NetworkInput, world: World = {}) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    ...{ waiting: 15, ...world },
    files: { ...files, ...world.files },
    programs: { ...programs, ...world.programs },
  });
  const [result, error] = await bringUpNetwork(doors, networkSchema.parse(input), { hostName: 'web' }).then(
    (made): [NetworkResult, null] => [made, null],
    (thrown: unknown): [null, ReturnType<typeof asDabeiError>] => [null, asDabeiError(thrown, 'bringing up')],
  );
  return { doors, result, error, batch: doors.read('/batch') ?? '' };
}

const warnings = ({ told }: TestDoors) => told.flatMap(entry => ('text' in entry ? [entry.text] : []));
const started = ({ ran }: TestDoors, program: string) => ran.filter(line => line.includes(program));

t.test('addresses without a gateway', async t => {
  const { result, doors } = await bringUp(t, {
    interfaces: [{ mac: macOf('eth1'), addresses: ['192.0.2.7/24'] }],
  });
  t.match(result, { via: 'static', addresses: { eth1: ['192.0.2.7/24'] }, unreachable: [] });
  t.same(started(doors, 'udhcpc'), [], 'nobody asks for a lease');
});

t.test('none of the configured interfaces is here', async t => {
  const gone = { ...fixed.interfaces![0]!, mac: macOf('eth9') };
  const rows: [name: string, input: NetworkInput, unreachable: string[]][] = [
    ['an address and a gateway', { interfaces: [gone] }, ['192.0.2.1']],
    ['a gateway, and no address on the one that is here', { interfaces: [gone, { mac: macOf('eth1'), acceptRa: false, dhcp: false }] }, ['192.0.2.1']],
    ['no gateway', { interfaces: [{ ...gone, routes: [] }] }, []],
    ['another one is here and uses what routers advertise', { interfaces: [gone, { mac: macOf('eth1'), acceptRa: true }] }, []],
  ]; // prettier-ignore
  for (const [name, input, unreachable] of rows) {
    const { result } = await bringUp(t, input, { files: { '/ip/address': addresses(learnt), '/mute': '' } });
    t.match(result, { via: 'ra' }, name);
    t.same(result?.unreachable, unreachable, name);
  }
});

t.test('a gateway that answers when DHCP has failed, too', async t => {
  const second = { destination: 'default', gateway: '192.0.2.2', metric: 50 };
  const both = { ...fixed, interfaces: [{ ...fixed.interfaces![0], routes: [...routes, second] }] };
  const { result, doors, batch } = await bringUp(t, both);
  t.match(result, { via: 'static', unreachable: [] });
  t.match(warnings(doors).join('\n'), /no configured gateway answers within 20 s/);
  t.equal(doors.read('/run/dabei/resolv/z-config'), null);
  t.match(doors.read('/run/dabei/resolv/0-config'), /192\.0\.2\.53/, 'configured servers come first again');
  t.match(batch.trim().split('\n').slice(-2), [/^route del .*via 192\.0\.2\.2/, /^route replace .*via 192\.0\.2\.2 .*metric \d{4,}/]); // prettier-ignore
});

t.test('a bond without an uplink is taken apart', async t => {
  const mute = { '/ip/link': bonded, '/mute': '' };
  const rows: [name: string, world: World, via: string | null][] = [
    ['a card that gets a lease', { files: mute, programs: { busybox: leasing } }, 'dhcp'],
    ['a router that advertises to a card', { files: { ...mute, '/ip/advertised': addresses(inet, learnt) }, programs: { ip: ip.replace('touch $ROOT/torn', 'cp $ROOT/ip/advertised $ROOT/ip/address') } }, 'ra'],
    ['nobody', { files: mute }, null],
  ]; // prettier-ignore
  for (const [name, world, via] of rows) {
    const { doors, result, error, batch } = await bringUp(t, bond, world);
    if (via === null)
      t.match(
        error,
        { code: 'NETWORK_UNREACHABLE', cause: { via: 'none', unreachable: ['192.0.2.1'] } },
        name,
      );
    else t.match(result, { via, unreachable: ['192.0.2.1'] }, name);
    t.match(warnings(doors).join('\n'), 'no connectivity via bond0: trying each member separately', name);
    t.match(batch, /^link del dev bond0\n(.*\n)*address replace 192\.0\.2\.7\/24 .*dev eth0$/m, name);
    t.ok(started(doors, 'udhcpc -f -i eth0').length > 0, `${name}: every card asks`);
    t.ok(started(doors, 'udhcpc -f -i eth1').length > 0, `${name}: every card asks`);
  }
  const answering = await bringUp(t, bond, { files: { '/ip/link': bonded, '/asked': '' } });
  t.match(answering.result, { via: 'static' });
  t.notMatch(answering.batch, 'link del', 'a bond that works stays');
});

t.test('programs that fail on the way', async t => {
  const advertised = { '/ip/address': addresses(inet, learnt), '/mute': '' };
  const rows: [name: string, input: NetworkInput, world: World, via: string, warning: RegExp][] = [
    ['a module that is missing', bond, { files: { '/ip/link': bonded, '/asked': '' }, programs: { modprobe: 'echo not found >&2; exit 1' } }, 'static', /^the module bonding cannot be loaded: not found$/],
    ['no directory for leases', fixed, { files: advertised, failing: [['makeDirectory', /dhcp$/, 'EROFS']] }, 'ra', /^eth1: .*EROFS/],
    ['its number cannot be written', fixed, { files: advertised, failing: [['writeAtomic', /udhcpc/, 'ENOSPC']] }, 'ra', /^eth0: .*ENOSPC/],
    ['the kernel takes no setting', fixed, { files: { ...advertised, '/asked': '' }, failing: [['writeKernelFile', /eth0\/accept_ra$/, 'EACCES']] }, 'ra', /^eth0: .*EACCES/],
  ]; // prettier-ignore
  for (const [name, input, world, via, warning] of rows) {
    const { doors, result, error } = await bringUp(t, input, world);
    t.equal(error, null, name);
    t.match(result, { via }, name);
    t.ok(
      warnings(doors).some(text => warning.test(text)),
      `${name}: ${warnings(doors).join('\n')}`,
    );
  }
});

t.test('who listens for name servers from routers', async t => {
  const rdnssd = { '/usr/sbin/rdnssd': 'exit 0' };
  const running = { '/run/dabei/rdnssd.pid': '4711\n', '/proc/4711/stat': '' };
  const dynamic = (...acceptRa: NonNullable<NetworkInput['interfaces']>[0]['acceptRa'][]): NetworkInput => ({
    interfaces: acceptRa.map((each, index) => ({ mac: macOf(`eth${index}`), acceptRa: each })),
  });
  const rows: [name: string, input: NetworkInput, world: World, times: number][] = [
    ['rdnssd', dynamic(true), { programs: rdnssd }, 1],
    ['one of two links wants them', dynamic({ useDns: false }, true), { programs: rdnssd }, 1],
    ['nobody wants them', dynamic({ useDns: false }, { useDns: false }), { programs: rdnssd }, 0],
    ['it is not in the image', dynamic(true), {}, 0],
    ['it runs already', dynamic(true), { programs: rdnssd, files: running }, 0],
    ['its pid is of an earlier start', dynamic(true), { programs: rdnssd, files: { '/run/dabei/rdnssd.pid': '4711\n' } }, 1],
  ]; // prettier-ignore
  for (const [name, input, world, times] of rows) {
    const { doors, result } = await bringUp(t, input, {
      ...world,
      files: { '/ip/address': addresses(learnt), ...world.files },
    });
    t.match(result, { via: 'ra' }, name);
    const lines = started(doors, 'rdnssd');
    t.equal(lines.length, times, name);
    for (const line of lines) t.match(line, /-r \/run\/dabei\/resolv\/ra -H \/usr\/lib\/dabei\/resolvconf$/);
  }
});
