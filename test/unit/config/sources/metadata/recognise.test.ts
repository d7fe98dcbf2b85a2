import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { recognise, type Dmi } from '../../../../../agent/config/sources/metadata/source.ts';
import { metadataSources } from '../../../../../agent/config/sources/metadata/table.ts';

/** Which machine is recognised as whose, by DMI alone. */
const rows: [name: string, dmi: Dmi, expected: string | null][] = [
  ['nothing is known', {}, null],
  ['EC2, Nitro', { sys_vendor: 'Amazon EC2', product_name: 't3.micro', product_uuid: 'ec2d6e57-1b62-4b1f-a8a1-1a2b3c4d5e6f' }, 'EC2'],
  ['EC2, Xen', { sys_vendor: 'Xen', bios_version: '4.11.amazon', product_uuid: 'EC2D6E57-1B62-4B1F-A8A1-1A2B3C4D5E6F' }, 'EC2'],
  ['EC2, by both numbers', { product_uuid: 'ec2d6e57', product_serial: 'ec2d6e57' }, 'EC2'],
  ['a UUID that begins with ec2 by chance', { sys_vendor: 'Dell Inc.', product_uuid: 'ec2d6e57', product_serial: 'ABC' }, null],
  ['GCE', { sys_vendor: 'Google', product_name: 'Google Compute Engine', product_serial: 'GoogleCloud-A1B2' }, 'GCE'],
  ['a Chromebook', { sys_vendor: 'Google', product_name: 'Eve' }, null],
  ['Azure', { sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine', chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77' }, 'Azure'],
  ['Hyper-V at home', { sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine', chassis_asset_tag: '1234' }, null],
  ['Hetzner', { sys_vendor: 'Hetzner', product_name: 'vServer', product_serial: '42' }, 'Hetzner'],
  ['DigitalOcean', { sys_vendor: 'DigitalOcean', product_name: 'Droplet' }, 'DigitalOcean'],
  ['UpCloud', { sys_vendor: 'UpCloud' }, 'UpCloud'],
  ['Vultr', { sys_vendor: 'Vultr', product_name: 'VC2' }, 'Vultr'],
  ['Oracle', { sys_vendor: 'QEMU', chassis_asset_tag: 'OracleCloud.com' }, 'Oracle'],
  ['VirtualBox', { sys_vendor: 'innotek GmbH', board_vendor: 'Oracle Corporation' }, null],
  ['Scaleway', { sys_vendor: 'Scaleway', product_name: 'SCW-PLAY2-NANO' }, 'Scaleway'],
  ['Linode', { sys_vendor: 'Linode' }, 'Linode'],
  ['Akamai', { sys_vendor: 'Akamai' }, 'Linode'],
  ['OpenStack', { sys_vendor: 'OpenStack Foundation', product_name: 'OpenStack Nova' }, 'OpenStack'],
  ['OpenStack, compute', { product_name: 'OpenStack Compute' }, 'OpenStack'],
  ['Open Telekom Cloud', { chassis_asset_tag: 'OpenTelekomCloud' }, 'OpenStack'],
  ['SAP', { chassis_asset_tag: 'SAP CCloud VM' }, 'OpenStack'],
  ['OpenStack, by its asset tag', { product_name: 'KVM', chassis_asset_tag: 'OpenStack Nova' }, 'OpenStack'],
  ['a laptop of a provider\'s name in its serial number', { sys_vendor: 'LENOVO', product_serial: 'Hetzner' }, null],
  ['placeholders', { sys_vendor: 'To be filled by O.E.M.', product_name: 'To be filled by O.E.M.', chassis_asset_tag: 'Default string' }, null],
  ['Huawei', { chassis_asset_tag: 'HUAWEICLOUD' }, 'OpenStack'],
  ['QEMU', { sys_vendor: 'QEMU', product_name: 'Standard PC (Q35 + ICH9, 2009)' }, null],
  ['bare metal', { sys_vendor: 'Supermicro', product_name: 'SYS-5019', product_serial: '0123456789' }, null],
  ['a name that contains another', { sys_vendor: 'Not Hetzner' }, null],
]; // prettier-ignore

t.test('recognised by', async t => {
  for (const [name, dmi, expected] of rows) t.equal(recognise(metadataSources, dmi)?.name ?? null, expected, name);
}); // prettier-ignore

t.test('the table', async t => {
  t.same(new Set(metadataSources.map(({ name }) => name)).size, metadataSources.length, 'names differ');
  for (const { name, signs, origins, questions, linkLocal = 'fe80::1' } of metadataSources) {
    t.match(new URL(`http://[${linkLocal}]`).hostname, /^\[fe80::/, `${name}: ${linkLocal}`);
    t.ok(signs.length > 0, `${name} is recognised by something`);
    for (const origin of origins) t.match(new URL(origin).origin, origin, `${name}: ${origin}`);
    for (const path of Object.values(questions)) t.match(path, /^\/[\w./?=&-]+$/, `${name}: ${path}`);
  }
});

t.test('nixosModules.instance-data asks the same', async t => {
  interface Asked {
    source: string;
    url: string;
    headers?: Record<string, string>;
    token?: { url: string; headers: Record<string, string>; sentAs: string };
  }
  const path = join(import.meta.dirname, '../../../../../nix/modules/metadata.json');
  const asked = Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Asked>);
  t.same(asked.map(({ source }) => source).toSorted(), metadataSources.map(({ name }) => name).toSorted());
  for (const { source: name, url, headers = {}, token } of asked) {
    const source = metadataSources.find(each => each.name === name)!;
    // Hetzner has each value of its answer below the address of the whole.
    const places = Object.values(source.questions).map(question => `${source.origins[0]}${question}`);
    t.ok(places.some(place => url === place || url === `${place}/hostname`), `${name}: ${url}`);
    t.same(headers, source.headers ?? {}, `${name}: headers`);
    const { path, headers: sent, sentAs } = source.token ?? {};
    t.same(token, source.token && { url: `${source.origins[0]}${path}`, headers: sent, sentAs }, `${name}: token`);
  }
}); // prettier-ignore
