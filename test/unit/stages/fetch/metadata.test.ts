import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boot, install } from '../../../../agent/commands/boot.ts';
import { plan } from '../../../../agent/commands/commands.ts';
import { realDoors } from '../../../../agent/host/doors.ts';
import { readStatus, type Status } from '../../../../agent/host/status.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import {
  bytes,
  drip,
  endless,
  json,
  reset,
  serveConfigs,
  status,
  type Answer,
} from '../../../support/config-server.ts';
import { doorsTo, type TestDoors, type World } from '../../../support/doors.ts';
import { onlineAddress, onlineFiles, onlinePrograms } from '../../../support/online/machine.ts';

/** `dabei boot` of a machine of a provider, whose metadata a real server has. */

t.setTimeout(900_000);

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const machine = { ...onlineFiles, '/sys/class/rtc/rtc0/since_epoch': `${now}\n` };
const programs = onlinePrograms({ dynamic: true });
const ip = onlineAddress;
const vendor = (name: string) => ({ '/sys/class/dmi/id/sys_vendor': `${name}\n` });

/** @param serves the address that the test's server has in place of the provider's */
function doorsFor(t: Test, origin: string, parameters: string, world: World, serves: string): TestDoors {
  const exchange: typeof realDoors.network.exchange = ({ link, ...asked }) =>
    // A link-local address is nobody's without its link.
    asked.url.startsWith(serves) && asked.url.startsWith('http://[fe80:') === (link === 'eth0')
      ? realDoors.network.exchange({ ...asked, fromLowPort: false, url: asked.url.replace(serves, origin) })
      : Promise.resolve({ failure: 'no route', code: 'EHOSTUNREACH' });
  return doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    ...{ waiting: 10, epoch: now, programs },
    ...world,
    files: { ...machine, '/run/dabei/boot/cmdline': parameters, ...vendor('Amazon EC2'), ...world.files },
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', exchange },
  });
}
const consoleOf = (doors: TestDoors) => JSON.stringify(doors.told);

const token: Answer = (response, request) => {
  const isRight =
    request.method === 'PUT' && request.headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600';
  response.writeHead(isRight ? 200 : 400).end(isRight ? 'AQAEAL' : '');
};
/** Version 2 of the service: 401 without the token. */
const withToken =
  (answer: Answer): Answer =>
  (response, request) =>
    request.headers['x-aws-ec2-metadata-token'] === 'AQAEAL'
      ? answer(response, request)
      : response.writeHead(401).end();
/** As a provider does that answers nobody who cannot set headers: 403 without them. */
const withHeaders =
  (headers: Readonly<Record<string, string>>, answer: Answer): Answer =>
  (response, request) =>
    Object.entries(headers).every(([name, value]) => request.headers[name] === value)
      ? answer(response, request)
      : response.writeHead(403).end();
const me = publicKeyOf('me');
const ec2 = (userData?: Answer): Record<string, Answer[]> => ({
  '/latest/api/token': [token],
  '/latest/meta-data/hostname': [withToken(bytes('ip-10-0-0-12.ec2.internal'))],
  '/latest/meta-data/public-keys/': [withToken(bytes('0=laptop'))],
  '/latest/meta-data/public-keys/0/openssh-key': [withToken(bytes(`${me}\n`))],
  ...(userData === undefined ? {} : { '/latest/user-data': [withToken(userData)] }),
}); // prettier-ignore
const installs = { disks: { devices: ['/dev/vda'], encryption: 'none' } };
const secret = { disks: { devices: ['/dev/vda'], key: 'correct horse' } };
const linkLocal = 'http://169.254.169.254';

interface Row {
  name: string;
  answers: Record<string, readonly Answer[]>;
  parameters?: string;
  world?: World;
  serves?: string;
  exitCode?: number;
  status: Partial<Status>;
  told?: RegExp;
  /** Paths that were asked; by default, any. */
  asked?: string[];
  letsIn?: boolean;
}

const all = [
  '/latest/api/token',
  '/latest/meta-data/hostname',
  '/latest/meta-data/public-keys/',
  '/latest/meta-data/public-keys/0/openssh-key',
  '/latest/user-data',
];
const rows: Row[] = [
  { name: 'EC2 gives name and keys', answers: ec2(), status: { state: 'rescue' }, told: /EC2 metadata: hostName, rootAuthorizedKeys"/, asked: all, letsIn: true },
  { name: 'bare metal asks nobody', answers: ec2(), world: { files: vendor('Supermicro') }, status: { state: 'rescue' }, asked: [] },
  { name: 'off', answers: ec2(), parameters: 'dabei.metadata=off', status: { state: 'rescue' }, asked: [] },
  { name: 'user-data does not install', answers: ec2(json(installs)), status: { state: 'rescue' }, told: /only dabei\.metadata=install/, letsIn: true },
  { name: 'user-data for cloud-init', answers: ec2(bytes('#cloud-config\n')), status: { state: 'rescue' }, told: /left alone: it is #cloud-config/, letsIn: true },
  { name: 'user-data in XML is no error', answers: ec2(bytes('<powershell>')), status: { state: 'rescue' }, told: /it is a script/, letsIn: true },
  { name: 'install', answers: ec2(json(installs)), parameters: 'dabei.metadata=install', exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' }, letsIn: true },
  { name: 'install, and there is none', answers: ec2(), parameters: 'dabei.metadata=install dabei.disks=single:/dev/vda', status: { state: 'rescue' }, letsIn: true },
  { name: 'a secret', answers: ec2(json(secret)), parameters: 'dabei.metadata=install', exitCode: 1, status: { stage: 'config', code: 'CONFIG_SECRET_IN_CLEAR' }, told: /disks\.key: came by metadata/, letsIn: true },
  { name: 'a secret, allowed', answers: ec2(json(secret)), parameters: 'dabei.metadata=install dabei.metadata_secrets=allow', exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' }, letsIn: true },
  { name: 'a mistake in it', answers: ec2(bytes('{"hostNam": "x"}')), parameters: 'dabei.metadata=install', exitCode: 1, status: { stage: 'config', code: 'CONFIG_SCHEMA' }, told: /EC2 metadata, user-data:1:2 hostNam/, letsIn: true },
  { name: 'an end that has passed', answers: ec2(json({ ...installs, notAfter: '2026-11-01T00:00:00Z' })), parameters: 'dabei.metadata=install', exitCode: 1, status: { stage: 'config', code: 'CONFIG_EXPIRED' }, letsIn: true },
  { name: 'an end that has passed by the time that was given', answers: ec2(json({ ...installs, notAfter: '2026-12-01T00:00:00Z' })), parameters: 'dabei.metadata=install dabei.time=2026-12-02T00:00:00Z', exitCode: 1, status: { stage: 'config', code: 'CONFIG_EXPIRED' }, told: /has passed: it is 2026-12-02/, letsIn: true },
  { name: 'a rescue system', answers: ec2(json(installs)), parameters: 'dabei.metadata=install dabei.mode=rescue', status: { state: 'rescue' }, letsIn: true },
  { name: 'an old system was captured', answers: ec2(json(installs)), parameters: 'dabei.metadata=install', world: { files: { '/run/dabei/boot/dabei/capture/hostname': 'old\n' } }, status: { state: 'rescue' }, asked: [] },
  { name: 'a server in trouble, then not', answers: { ...ec2(), '/latest/meta-data/hostname': [status(503), status(429, { 'retry-after': '1' }), withToken(bytes('web'))] }, status: { state: 'rescue' }, told: /503; dabei asks again/, letsIn: true },
  { name: 'a server in trouble', answers: { '/latest/api/token': [status(503)] }, status: { state: 'rescue' }, told: /CONFIG_FETCH|EC2: http[^"]*503 \(for 30 s\)/ },
  { name: 'a server in trouble, to install', answers: { '/latest/api/token': [reset] }, parameters: 'dabei.metadata=install dabei.config_deadline=60', exitCode: 1, status: { stage: 'metadata', code: 'CONFIG_FETCH' }, told: /for 60 s/ },
  { name: 'no token', answers: { ...ec2(), '/latest/api/token': [bytes('a\r\nb: c')] }, status: { state: 'rescue' }, told: /the server sent no token/ },
  { name: 'tokens are forbidden', answers: { '/latest/api/token': [status(403)] }, parameters: 'dabei.metadata=install', exitCode: 1, status: { stage: 'metadata', code: 'CONFIG_FETCH' }, told: /answered 403/ },
  { name: 'a captive portal', answers: { '/latest/api/token': [status(302, { location: 'http://login/' })] }, status: { state: 'rescue' }, told: /more than 5 redirects/ },
  { name: 'an endless answer', answers: { ...ec2(), '/latest/user-data': [endless] }, status: { state: 'rescue' }, told: /larger than 1048576 bytes/ },
  { name: 'an answer that drips', answers: { ...ec2(), '/latest/user-data': [drip] }, status: { state: 'rescue' }, told: /no answer within/ },
  { name: 'IPv6', answers: ec2(), serves: 'http://[fd00:ec2::254]', status: { state: 'rescue' }, letsIn: true },
  { name: 'nobody', answers: {}, serves: 'http://nobody', status: { state: 'rescue' }, told: /no route \(for 30 s\)/ },
  { name: 'by address, without tokens', answers: { '/2009-04-04/meta-data/public-keys': [bytes(me)], '/2009-04-04/user-data': [json(installs)] }, serves: 'http://192.0.2.1:7080', parameters: 'dabei.metadata_url=http://192.0.2.1:7080 dabei.metadata=install', exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' }, letsIn: true },
  { name: 'NoCloud on a server', answers: { '/s/meta-data': [bytes(`local-hostname: web-01\npublic-keys: ["${me}"]\n`)] }, serves: 'http://192.0.2.1', parameters: 'ds=nocloud;s=http://192.0.2.1/s/', world: { files: vendor('QEMU') }, status: { state: 'rescue' }, asked: ['/s/meta-data', '/s/user-data', '/s/network-config'], letsIn: true },
  { name: 'Azure is not ready yet', answers: { '/metadata/instance?api-version=2021-08-01&extended=true': [status(404), status(410), withHeaders({ metadata: 'true' }, json({ compute: { name: 'web-01', publicKeys: [{ keyData: me }] } }))] }, world: { files: { ...vendor('Microsoft Corporation'), '/sys/class/dmi/id/chassis_asset_tag': '7783-7084-3265-9085-8269-3286-77\n' } }, status: { state: 'rescue' }, letsIn: true },
  { name: 'Linode, with its token', answers: { '/v1/token': [(response, request) => response.writeHead(request.method === 'PUT' && request.headers['metadata-token-expiry-seconds'] === '21600' ? 200 : 400).end('t1')], '/v1/instance': [withHeaders({ 'metadata-token': 't1', accept: 'application/json' }, json({ label: 'web-01' }))], '/v1/ssh-keys': [withHeaders({ 'metadata-token': 't1', accept: 'application/json' }, json({ users: { root: [me] } }))] }, world: { files: vendor('Akamai') }, status: { state: 'rescue' }, asked: ['/v1/token', '/v1/instance', '/v1/ssh-keys', '/v1/user-data'], letsIn: true },
  { name: 'GCE, with its header', answers: { '/computeMetadata/v1/instance/hostname': [withHeaders({ 'metadata-flavor': 'Google' }, bytes('web-01.c.p.internal'))], '/computeMetadata/v1/project/attributes/ssh-keys': [withHeaders({ 'metadata-flavor': 'Google' }, bytes(`me:${me}`))] }, world: { files: { ...vendor('Google'), '/sys/class/dmi/id/product_name': 'Google Compute Engine\n' } }, status: { state: 'rescue' }, letsIn: true },
  { name: 'Oracle, with its header', answers: { '/opc/v2/instance/': [withHeaders({ authorization: 'Bearer Oracle' }, json({ hostname: 'web-01', metadata: { ssh_authorized_keys: me } }))] }, world: { files: { ...vendor('QEMU'), '/sys/class/dmi/id/chassis_asset_tag': 'OracleCloud.com\n' } }, status: { state: 'rescue' }, letsIn: true },
  { name: 'Vultr, with its header', answers: { '/v1.json': [withHeaders({ 'metadata-token': 'cloudinit' }, json({ hostname: 'web-01', 'public-keys': me }))] }, world: { files: vendor('Vultr') }, status: { state: 'rescue' }, letsIn: true },
  { name: 'Scaleway', answers: { '/conf?format=json': [json({ hostname: 'web-01', ssh_public_keys: [{ key: me }] })] }, serves: 'http://169.254.42.42', world: { files: vendor('Scaleway') }, status: { state: 'rescue' }, letsIn: true },
]; // prettier-ignore

for (const row of rows) {
  t.test(row.name, async t => {
    const { origin, asked } = await serveConfigs(t, row.answers);
    const doors = doorsFor(
      t,
      origin,
      `${ip} ${row.parameters ?? ''}`,
      row.world ?? {},
      row.serves ?? linkLocal,
    );
    t.equal(await boot(doors), row.exitCode ?? 0);
    t.match(readStatus(doors), row.status);
    if (row.told) t.match(consoleOf(doors), row.told);
    if (row.asked) t.same(asked, row.asked);
    t.notMatch(doors.ran.join('\n'), /sgdisk|wipefs|zpool create|reboot/, 'no disk is written');
    t.equal(doors.read('/run/dabei/ssh-ready'), '', 'people can log in');
    t.notMatch(consoleOf(doors), 'correct horse', 'no secret is told');
    const logins = doors.read('/root/.ssh/authorized_keys') ?? '';
    t.equal(logins.includes(me), row.letsIn ?? false, 'who is let in');
  });
}

t.test('addresses', async t => {
  const metadata = `hostname: web-01
network-config:
  version: 1
  config:
  - mac_address: 52:54:00:12:34:56
    type: physical
    subnets: [{type: dhcp}, {type: static, address: "2001:db8::1/64", gateway: "fe80::1"}]
`;
  const { origin } = await serveConfigs(t, { '/hetzner/v1/metadata': [bytes(metadata)] });
  const advertised = { family: 'inet6', local: '2001:db8::9', prefixlen: 64, scope: 'global', dynamic: true };
  const addresses = `echo '[{"ifname":"eth0","addr_info":[${JSON.stringify(advertised)}]}]'`;
  const own = programs.ip.replace(/(\*address\)) [^\n]*/, `$1 ${addresses};;`);
  const world = { files: vendor('Hetzner'), programs: { ...programs, ip: own } };
  const doors = doorsFor(t, origin, '', world, linkLocal);
  t.equal(await boot(doors), 0);
  t.match(doors.read('/batches'), /address flush dev eth0 scope global[^]*2001:db8::1\/64/);
  t.match(doors.read('/proc/sys/kernel/hostname'), 'web-01');
});

t.test('a server on the link gives the only address', async t => {
  const metadata = (config: string) => `hostname: web-01
public-keys: ["${me}"]
network-config:
  version: 1
  config:
  - {mac_address: 52:54:00:12:34:56, type: physical, subnets: [${config}]}
`;
  const given = '{type: static, address: "2001:db8::1/64", gateway: "fe80::1"}';
  const eth0 = (...addresses: object[]) => JSON.stringify([{ ifname: 'eth0', addr_info: addresses }]);
  const six = { family: 'inet6', local: '2001:db8::1', prefixlen: 64, scope: 'global' };
  const own = programs.ip.replace(/(\*address\)) [^\n]*/, `$1 if grep -qs 2001:db8::1/64 $ROOT/batches; then echo '${eth0(six)}'; else echo '${eth0()}'; fi;;`);
  const world = { files: vendor('Hetzner'), programs: { ...programs, ip: own } };
  const start = async (text: string, userData?: Answer) => {
    const answers = { '/hetzner/v1/metadata': [bytes(text)], ...(userData === undefined ? {} : { '/hetzner/v1/userdata': [userData] }) };
    const { origin } = await serveConfigs(t, answers);
    const doors = doorsFor(t, origin, 'dabei.metadata=install', world, 'http://[fe80::a9fe:a9fe]');
    return { exitCode: await boot(doors), doors, status: readStatus(doors) };
  };
  const rescue = await start(metadata(given));
  t.equal(rescue.exitCode, 0);
  t.match(rescue.status, { state: 'rescue' });
  t.match(consoleOf(rescue.doors), /network[^]*NETWORK_UNREACHABLE[^]*Hetzner metadata: hostName, rootAuthorizedKeys, network[^]*ssh root@2001:db8::1/);
  t.match(rescue.doors.read('/root/.ssh/authorized_keys'), me);
  const installing = await start(metadata(given), json(installs));
  t.match([installing.exitCode, installing.status], [1, { stage: 'plan', code: 'DISK_NOT_FOUND' }], 'it goes on to install');
  const none = await start(metadata('{type: dhcp}'), json(installs));
  t.match([none.exitCode, none.status], [1, { stage: 'network', code: 'NETWORK_UNREACHABLE' }], 'it names no address');
}); // prettier-ignore

t.test('by hand', async t => {
  const { origin } = await serveConfigs(t, ec2(json(installs)));
  const doors = () => doorsFor(t, origin, `${ip} dabei.metadata=install`, {}, linkLocal);
  await t.rejects(plan(doors(), undefined), { code: 'DISK_NOT_FOUND' });
  t.equal(await install(doors(), undefined), 1);
  const none = await serveConfigs(t, ec2());
  const without = doorsFor(t, none.origin, `${ip} dabei.metadata=install`, {}, linkLocal);
  await t.rejects(plan(without, undefined), {
    code: 'CONFIG_NOT_FOUND',
    problem: /neither metadata nor a seed/,
  });
});
