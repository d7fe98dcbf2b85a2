import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import type { Facts } from '../../../../agent/facts.ts';
import { hostIdOf, runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { config, disk, link, machines, storage } from '../machines.ts';

const { facts } = machines['bios-dhcp'];

function info(input: Partial<ConfigInput>, changed: Partial<Facts> = {}, path = '/dev/vda') {
  return runtimeInfo(config(input), { ...facts, ...changed }, storage([path], '8425e349'));
}

t.test('the names of the host', async t => {
  const rows: [string, string, string | null][] = [
    ['web-01', 'web-01', null],
    ['web-01.example.org', 'web-01', 'example.org'],
  ];
  for (const [configured, hostName, domain] of rows)
    t.match(info({ hostName: configured }), { hostName, domain });
});

t.test('the host id', async t => {
  t.equal(hostIdOf({ hostName: 'web-01', hostId: '8425e349' }), '8425e349');
  // printf web-01 | sha256sum
  t.equal(hostIdOf({ hostName: 'web-01' }), '0b9d9f06');
  t.equal(info({ hostId: '00000001' }).hostId, '8425e349', 'the one that the pool was created under');
});

t.test('parameters of the kernel that its hardware needs', async t => {
  t.same(info({ kernelParams: ['pcie_aspm=off', 'nomodeset'] }).kernelParams, ['pcie_aspm=off', 'nomodeset']);
  t.notOk('kernelParams' in info({}));
  for (const wrong of ['a b', 'a="b"', 'a=$b', '', 'a=\n', '-- x'])
    t.throws(
      () => info({ kernelParams: [wrong] }),
      /is not a valid kernel parameter|has a line break/,
      JSON.stringify(wrong),
    );
});

t.test('who is told if the trial of the first boot fails', async t => {
  const trial = { minutes: 30, confirm: 'login', asks: true } as const;
  const url = 'https://reports.example.org/events';
  const rows: [name: string, given: Partial<ConfigInput>, expected: unknown][] = [
    ['nobody', {}, undefined],
    ['a receiver', { report: { url } }, { url }],
    ['not one with a token', { report: { url, token: 'abcdef' } }, undefined],
    ['… with a header', { report: { url, header: 'X-Token: abcdef' } }, undefined],
    ['… whose address may have one', { report: { url: `${url}?token=abcdef` } }, undefined],
  ];
  for (const [name, given, expected] of rows) {
    const target = storage(['/dev/vda'], '8425e349');
    t.same(runtimeInfo(config(given), facts, { ...target, trial }).report, expected, name);
    t.notOk('report' in runtimeInfo(config(given), facts, target), `${name}: without a trial`);
  }
});

t.test('stage 1 loads no driver of a wireless card, whose firmware it does not have', async t => {
  const cable = link({ name: 'eth0', mac: '52:54:00:00:00:01', driver: 'e1000e' });
  const air = link({ name: 'wlan0', mac: '52:54:00:00:00:02', driver: 'iwlwifi', wireless: true });
  t.same(info({}, { links: [cable, air] }).modules.network, ['e1000e']);
});

t.test('interfaces', async t => {
  const two = [
    link({ name: 'eth0', mac: '52:54:00:00:00:01', driver: 'virtio_net' }),
    link({ name: 'eth1', mac: '52:54:00:00:00:02', driver: 'e1000e', altNames: ['enp1s0'] }),
  ];
  const network = (interfaces: NonNullable<ConfigInput['network']>['interfaces']) =>
    info({ network: { interfaces } }, { links: two }).network.interfaces;

  t.same(network([]), [], 'none: DHCP everywhere');
  t.same(
    network([{ mac: '52:54:00:00:00:09', dhcp: true }]),
    [],
    'one that is not here: as the network stage does',
  );
  t.same(network([{ name: 'eth0', mtu: 1400 }]), [], 'nothing asked for');

  const bond = { members: ['eth1', 'eth0'], mode: '802.3ad' as const };
  const addresses = ['192.0.2.7/24'];
  const rows: [string, Parameters<typeof network>[0], string | null][] = [
    ['a bond has that of its first member', [{ name: 'bond0', bond, addresses }], '52:54:00:00:00:02'],
    [
      'a bridge the lowest of its ports',
      [{ name: 'br0', bridge: { members: ['eth1', 'eth0'] }, addresses }],
      '52:54:00:00:00:01',
    ],
    [
      'a bridge over a VLAN',
      [
        { name: 'eth1.5', vlan: { link: 'eth1', id: 5 } },
        { name: 'br0', bridge: { members: ['eth1.5'] }, addresses },
      ],
      '52:54:00:00:00:02',
    ],
    [
      'the one that it is given',
      [{ name: 'bond0', bond, addresses, macAddress: '02:00:00:00:00:07' }],
      '02:00:00:00:00:07',
    ],
  ];
  for (const [name, interfaces, mac] of rows)
    t.equal(network(interfaces).find(each => /^(bond|br)/.test(each.name))?.macAddress, mac, name);
  t.same(network([{ name: 'enp1s0', dhcp: true, mtu: 9000 }]), [
    {
      kind: 'physical',
      mac: '52:54:00:00:00:02',
      name: 'enp1s0',
      keepName: false,
      driver: 'e1000e',
      macAddress: null,
      mtu: 9000,
      bond: null,
      primary: false,
      bridge: null,
      vlans: [],
      options: null,
      addresses: [],
      routes: [],
      rules: [],
      dhcp: true,
      clientId: 'mac',
      acceptRa: false,
      lease: {},
      advertisements: null,
      requiredForOnline: null,
      dns: null,
    },
  ]);
  t.match(
    network([
      { mac: '52:54:00:00:00:01', addresses: ['192.0.2.2/24'], acceptRa: true },
      {
        name: 'eth0',
        addresses: ['2001:db8::2/64'],
        routes: [
          { destination: 'default', gateway: '198.51.100.1', metric: 5 },
          { destination: 'default', gateway: '2001:db8::1' },
          { destination: '10.0.0.0/8', gateway: '192.0.2.1' },
          { destination: '198.18.0.0/15' },
        ],
      },
    ]),
    [
      {
        addresses: [{ address: '192.0.2.2/24' }, { address: '2001:db8::2/64' }],
        routes: [
          { destination: '198.18.0.0/15', gateway: null, onlink: false, metric: null },
          { destination: '10.0.0.0/8', gateway: '192.0.2.1', onlink: false, metric: null },
          { destination: '0.0.0.0/0', gateway: '198.51.100.1', onlink: true, metric: 5 },
          { destination: '::/0', gateway: '2001:db8::1', onlink: false, metric: null },
        ],
        dhcp: false,
        acceptRa: true,
      },
    ],
    'two entries for one link are one unit; a gateway outside its networks is on the link',
  );
});

t.test('modules for stage 1', async t => {
  const rows: [string, Partial<Facts['disks'][number]>, string | null, string[], string[]][] = [
    [
      'virtio',
      { transport: 'virtio' },
      'virtio_net',
      ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'sd_mod'],
      ['virtio_pci', 'virtio_net'],
    ],
    ['NVMe', { transport: 'nvme' }, 'ena', ['nvme'], ['ena']],
    [
      'drivers known',
      { transport: 'sas', drivers: ['sd_mod', 'mpt3sas'] },
      'bnxt_en',
      ['sd_mod', 'mpt3sas'],
      ['bnxt_en'],
    ],
    ['Xen', { drivers: ['vbd'] }, 'vif', ['xen_blkfront'], ['xen_netfront']],
    ['a dash in the driver', { transport: 'nvme' }, 'xen-netfront', ['nvme'], ['xen_netfront']],
    ['SATA', { transport: 'sata' }, null, ['ahci', 'ata_piix', 'sd_mod'], []],
  ];
  for (const [name, changed, driver, disks, network] of rows) {
    const machine = {
      disks: [disk({ path: '/dev/sda', ...changed }), disk({ path: '/dev/sdb', drivers: ['unused'] })],
      links: [link({ name: 'eth0', mac: '52:54:00:00:00:01', driver })],
    };
    t.same(info({}, machine, '/dev/sda').modules, { disks, network }, name);
  }
  const unknown = info({}, { disks: [disk({ path: '/dev/sda' })] }, '/dev/sda').modules.disks;
  t.ok(['hv_storvsc', 'vmw_pvscsi', 'xen_blkfront', 'ahci', 'nvme'].every(name => unknown.includes(name)));
});

t.test('stage 1 names no module that the kernel of its architecture does not have', async t => {
  const at = { disks: [disk({ path: '/dev/sda' })], system: 'aarch64-linux' };
  const { disks } = info({}, at, '/dev/sda').modules;
  t.ok(disks.includes('hv_storvsc') && disks.includes('sd_mod'));
  // CONFIG_VMWARE_PVSCSI depends on X86 (drivers/scsi/Kconfig).
  t.notOk(disks.includes('vmw_pvscsi'));
});

t.test('nothing secret is in it', async t => {
  const text = JSON.stringify(info({ disks: { devices: ['only'], key: 'correct horse battery' } }));
  t.notMatch(text, 'correct horse');
  t.notMatch(text, 'PRIVATE');
});
