import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { debian, nic, root } from '../../../fixtures/old-system.ts';
import { type Case, judge } from './judge.ts';

t.test('what does not hinder is told', async t => {
  const onNetwork: Disk = {
    ...root,
    path: '/dev/sdb',
    notHardware: { kind: 'network', because: 'it is reached over a network (iscsi)' },
  };
  const realtek = new Map([
    ['eno1', [{ ...nic, modalias: 'pci:v10ECd1', driver: 'r8169', module: 'r8169' }]],
  ]);
  const withoutRoot = { ...debian.facts, disks: [{ ...root, contents: [] }] };
  const rows: [Case, RegExp][] = [
    [
      { old: { linkDevices: realtek } },
      /lacks firmware for the driver of .*r8169: rtl_nic\/a\.fw, rtl_nic\/b\.fw; the driver works without it/,
    ],
    [
      {
        old: {
          linkDevices: new Map([
            ['ens3', [nic]],
            ['sit0', []],
          ]),
        },
      },
      /cannot determine the driver of sit0/,
    ],
    [
      {
        old: {
          linkDevices: new Map([['wg0', []]]),
          facts: {
            ...debian.facts,
            links: [
              {
                name: 'ens3',
                mac: '52:54:00:12:34:56',
                driver: 'virtio_net',
                modalias: 'virtio:d1v1',
                drivers: ['virtio_net'],
                carrier: true,
                mtu: 1500,
              },
            ],
          },
        },
        config: configSchema.parse({
          disks: { devices: ['/dev/vda'], wipe: true, key: '12345678' },
          system: {},
          network: { interfaces: [{ name: 'ens3', dhcp: true }] },
        }),
      },
      /cannot determine the driver of wg0/,
    ],
    [
      { old: { facts: { ...debian.facts, disks: [{ ...root, contents: [] }, onNetwork] } } },
      /this system is on none of the machine's disks/,
    ],
    [{ old: { facts: withoutRoot } }, /this system is on none of/],
  ];
  for (const [row, message] of rows) {
    const { refusals, warnings } = judge(row);
    t.strictSame(refusals, []);
    t.match(warnings.join('\n'), message);
  }
});

t.test("room for disko's programs, where nixos-anywhere brings them", async t => {
  const said = (row: Case) => judge({ installs: false, config: null, ...row }).warnings.join('\n');
  const anywhere = { forNixosAnywhere: true };
  t.match(said({ image: anywhere }), /^about \d+ MiB of disko's programs fit into RAM, .*--no-disko-deps/);
  t.equal(said({}), '', 'a rescue system');
  t.equal(said({ image: anywhere, installs: true }), '', 'an installation by dabei');
  const large = { facts: { ...debian.facts, memoryBytes: 2 ** 33 } };
  t.equal(said({ image: anywhere, old: large }), '', 'enough');
});
