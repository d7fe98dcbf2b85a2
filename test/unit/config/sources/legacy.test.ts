import t from 'tap';
import { upgradeLegacy } from '../../../../agent/config/sources/legacy.ts';
import { locate, placeOf, toJson } from '../../../../agent/config/located.ts';
import { parseJson } from '../../../../agent/config/json.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

const key = `${publicKeyOf('me')} me@laptop`;

const runtimeInfo = {
  hostName: 'web-01.example.net',
  hostId: '0ab1c2d3',
  rootAuthorizedKeys: ['# from the provider', '', key],
  diskToFormat: '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_1',
  networkInterface: 'ens3',
  networkInterfaceModule: 'virtio_net',
  ipv4: { address: '203.0.113.7', prefixLength: 32, gateway: '172.31.1.1', netmask: '255.255.255.255' },
  ipv6: { address: '2001:db8:1::1', prefixLength: 64, gateway: 'fe80::1' },
};

t.test('the runtime-info.json of 2021 is upgraded', async t => {
  const { value, note } = upgradeLegacy(locate(runtimeInfo, 'runtime_info'));
  t.same(toJson(value), {
    hostName: 'web-01.example.net',
    hostId: '0ab1c2d3',
    rootAuthorizedKeys: [key],
    disks: { devices: ['/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_1'] },
    network: {
      interfaces: [
        {
          name: 'ens3',
          addresses: ['203.0.113.7/32', '2001:db8:1::1/64'],
          routes: [
            { destination: 'default', gateway: '172.31.1.1', onlink: true },
            { destination: 'default', gateway: 'fe80::1' },
          ],
        },
      ],
    },
  });
  t.match(note, /2021.*networkInterfaceModule.*dabei\.wipe/);
});

t.test('parts of it', async t => {
  const rows: [name: string, old: object, upgraded: object][] = [
    [
      'version 1 is left alone',
      { hostName: 'web', disks: { wipe: true } },
      { hostName: 'web', disks: { wipe: true } },
    ],
    ['a disk alone', { diskToFormat: '/dev/vda' }, { disks: { devices: ['/dev/vda'] } }],
    [
      'a disk beside disks of version 1',
      { diskToFormat: '/dev/vda', disks: { wipe: true } },
      { disks: { devices: ['/dev/vda'], wipe: true } },
    ],
    [
      'a machine without IPv6',
      {
        networkInterface: 'ens3',
        ipv4: { address: '192.0.2.7', prefixLength: 24, gateway: '192.0.2.1' },
        ipv6: { address: '', prefixLength: null, gateway: '' },
      },
      {
        network: {
          interfaces: [
            {
              name: 'ens3',
              addresses: ['192.0.2.7/24'],
              routes: [{ destination: 'default', gateway: '192.0.2.1' }],
            },
          ],
        },
      },
    ],
    [
      'a netmask without a prefix length, no interface',
      { ipv4: { address: '192.0.2.7', netmask: '255.255.255.128' }, ipv6: null },
      { network: { interfaces: [{ only: true, addresses: ['192.0.2.7/25'], routes: [] }] } },
    ],
    ['a module alone', { networkInterfaceModule: 'virtio_net' }, {}],
    [
      'no length at all is left to the schema',
      { networkInterface: 'ens3', ipv4: { address: '192.0.2.7' } },
      { network: { interfaces: [{ name: 'ens3', addresses: ['192.0.2.7'], routes: [] }] } },
    ],
    [
      'a wrong type is left to the schema',
      { networkInterface: 'ens3', ipv4: '192.0.2.7' },
      { network: { interfaces: [{ name: 'ens3', addresses: ['192.0.2.7'], routes: [] }] } },
    ],
  ];
  for (const [name, old, upgraded] of rows)
    t.same(toJson(upgradeLegacy(locate(old, 'file')).value), upgraded, name);
});

t.test('values keep the place where they were written', async t => {
  const { value } = parseJson('{\n "ipv4": {"address": "192.0.2.7",\n  "prefixLength": 24}}', 'file');
  const place = placeOf(upgradeLegacy(value!).value, ['network', 'interfaces', 0, 'addresses', 0]);
  t.same(place, { source: 'file', path: 'ipv4.address', line: 2, column: 22 });
});
