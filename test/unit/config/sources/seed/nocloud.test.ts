import t from 'tap';
import { noCloudSource, readNoCloud } from '../../../../../agent/config/sources/seed/nocloud.ts';
import type { MetadataSource } from '../../../../../agent/config/sources/metadata/source.ts';
import { configText, decodes, key, other, type Given, type Row } from '../metadata/rows.ts';

const source: MetadataSource = {
  ...{ name: 'NoCloud', signs: [], origins: [], gives: [], decode: readNoCloud },
  questions: { metadata: '/meta-data', userData: '/user-data', network: '/network-config' },
};
const metadata = `instance-id: 9b2d\nlocal-hostname: web-01\npublic-keys:\n  - ${key}\n`;
const network = `version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:aa:bb:01'
      subnets:
      - type: static
        address: '192.0.2.7'
        netmask: '255.255.255.0'
        gateway: '192.0.2.1'
    - type: nameserver
      address:
      - '192.0.2.53'
      search:
      - 'example.org'
`;
const whole: Given = { metadata, network, userData: configText };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key] };
const named = { hostName: 'web-01' };
const addresses = {
  network: {
    interfaces: [
      {
        mac: 'bc:24:11:aa:bb:01',
        addresses: ['192.0.2.7/24'],
        routes: [{ destination: 'default', gateway: '192.0.2.1' }],
      },
    ],
    dns: { servers: ['192.0.2.53'], search: ['example.org'] },
  },
};

const rows: Row[] = [
  ['everything, as Proxmox VE writes the network', whole, { ...value, ...addresses, config: configText }],
  ['nothing', {}, {}],
  ['empty files', { metadata: '', userData: '', network: '' }, {}],
  ['an id alone', { metadata: 'instance-id: 1\n' }, {}],
  ['JSON', { metadata: JSON.stringify({ 'local-hostname': 'web-01', 'public-keys': [key] }) }, value],
  ['hostname', { metadata: 'hostname: web-01\n' }, named],
  ['local-hostname comes first', { metadata: 'hostname: other\nlocal-hostname: web-01\n' }, named],
  ['a comment', { metadata: '# written by hand\nlocal-hostname: web-01 # here\n' }, named],
  ['a mark of the byte order', { metadata: '\ufefflocal-hostname: web-01\n' }, named],
  ['line breaks of Windows', { metadata: 'local-hostname: web-01\r\ninstance-id: 1\r\n' }, named],
  ['keys as one text', { metadata: `local-hostname: web-01\npublic-keys: |\n  ${key}\n  ${other}\n` }, { ...named, rootAuthorizedKeys: [key, other] }],
  ['keys by name', { metadata: `local-hostname: web-01\npublic-keys:\n  a: ${key}\n  b: [${other}]\n` }, { ...named, rootAuthorizedKeys: [key, other] }],
  ['keys with an underscore', { metadata: `local-hostname: web-01\npublic_keys: [${key}]\n` }, value],
  ['a key that is none', { metadata: 'public-keys: [x]\n' }, { notes: /1 of 1/ }],
  ['a name that is none', { metadata: 'local-hostname: web_01\n' }, { notes: /host name/ }],
  ['a name of another type', { metadata: 'local-hostname: 7\n' }, { notes: /host name/ }],
  ['a date is a text', { metadata: 'local-hostname: 2026-11-29\n' }, { hostName: '2026-11-29' }],
  ['version 2', { network: 'network:\n  version: 2\n  ethernets:\n    id0:\n      match: {macaddress: "BC:24:11:AA:BB:01"}\n      addresses: [192.0.2.7/24]\n      routes: [{to: default, via: 192.0.2.1}]\n      nameservers: {addresses: [192.0.2.53], search: [example.org]}\n' }, addresses],
  ['leases', { network: 'version: 2\nethernets: {eth0: {dhcp4: true}}\n' }, {}],
  ['another version', { network: 'version: 7\n' }, { notes: /neither 1 nor 2/ }],
  ['a network that is broken', { metadata, network: 'version: [\n' }, { ...value, notes: /network-config is not valid YAML/ }],
  ['cloud-init', { metadata, userData: '#cloud-config\nhostname: x\n' }, { ...value, notes: /#cloud-config/ }],
  ['HTML', { metadata: '<html>' }, { notes: /meta-data is an HTML or XML page/ }],
  ['not YAML', { metadata: 'a: b: c\n' }, { notes: /meta-data is not valid YAML/ }],
  ['a list', { metadata: '- a\n- b\n' }, {}],
  ['a text', { metadata: 'web-01' }, { notes: /not valid YAML/ }],
]; // prettier-ignore

t.test('NoCloud', t => decodes(t, source, whole, rows));

t.test('a seed on a server', async t => {
  const rows: [name: string, dmi: Record<string, string>, commandLine: string, origin: string | null, hostName?: string][] = [
    ['nothing', {}, '', null],
    ['an ordinary serial number', { product_serial: 'S4EVNX0R' }, '', null],
    ['by the serial number', { product_serial: 'ds=nocloud;s=http://192.0.2.1/seed/' }, '', 'http://192.0.2.1/seed'],
    ['by its earlier name', { product_serial: 'ds=nocloud-net;seedfrom=https://h/' }, '', 'https://h'],
    ['with a host name', { product_serial: 'ds=nocloud;s=http://h/;h=web-01' }, '', 'http://h', 'web-01'],
    ['a host name first', { product_serial: 'ds=nocloud;local-hostname=web-01;s=http://h' }, '', 'http://h', 'web-01'],
    ['by the kernel line', {}, 'console=ttyS0 ds=nocloud;s=http://h/x quiet', 'http://h/x'],
    ['in quotes', {}, '"ds=nocloud;s=http://h/x"', 'http://h/x'],
    ['quotes around the value', {}, 'ds="nocloud;s=http://h/x"', 'http://h/x'],
    ['the serial number comes first', { product_serial: 'ds=nocloud;s=http://a/' }, 'ds=nocloud;s=http://b/', 'http://a'],
    ['by number of the chassis', { product_serial: 'ds=nocloud;s=http://h/__dmi.chassis-serial-number__/', chassis_serial: 'C1' }, '', 'http://h/C1'],
    ['by UUID', { product_uuid: '4c4c' }, 'ds=nocloud;s=http://h/__dmi.system-uuid__', 'http://h/4c4c'],
    ['by the serial number of the machine', { product_serial: 'CZJ 042/1' }, 'ds=nocloud;s=http://h/__dmi.system-serial-number__/', 'http://h/CZJ%20042%2F1'],
    ['a serial number that is the address itself', { product_serial: 'ds=nocloud;s=http://h/__dmi.system-serial-number__/' }, '', 'http://h/__dmi.system-serial-number__'],
    ['by its maker', { sys_vendor: 'Dell Inc.' }, 'ds=nocloud;s=http://h/__dmi.system-manufacturer__/', 'http://h/Dell%20Inc.'],
    ['a query, which the name of the file ends', {}, 'ds=nocloud;s=http://h/seed?id=7&file=', 'http://h/seed?id=7&file='],
    ['an unknown field stays', { product_serial: 'ds=nocloud;s=http://h/__dmi.x__' }, '', 'http://h/__dmi.x__'],
    ['a directory of a disk', { product_serial: 'ds=nocloud;s=file:///seed/' }, '', null],
    ['another data source', { product_serial: 'ds=ec2;s=http://h/' }, '', null],
    ['no address', { product_serial: 'ds=nocloud' }, '', null],
    ['an address that is none', { product_serial: 'ds=nocloud;s=http://' }, '', null],
  ]; // prettier-ignore
  for (const [name, dmi, commandLine, origin, hostName] of rows) {
    const found = noCloudSource(dmi, commandLine);
    t.same(found?.origins ?? null, origin === null ? null : [origin], name);
    t.equal(found?.decode({}, 0).hostName, hostName, `${name}: host name`);
    for (const origin of found?.origins ?? [])
      t.match(
        `${origin}${found!.questions['metadata']}`,
        /[^/](\/|file=)meta-data$/,
        `${name}: what is asked`,
      );
  }
});
