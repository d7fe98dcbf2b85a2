import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import { planRefusals } from '../../../../agent/plan/preflight/plan-refusals.ts';
import { disk, facts } from '../../../fixtures/disks.ts';

const badKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';

const refused = (input: Partial<ConfigInput>, machine = facts([disk()])) =>
  planRefusals(
    configSchema.parse({
      hostName: 'web',
      disks: { devices: ['/dev/vda'], key: '12345678' },
      system: {},
      ...input,
    }),
    machine,
  ).map(({ message, code }) => `${code} ${message}`);

const relative = (flake: string) =>
  `CONFIG_SCHEMA reading system.flake ${JSON.stringify(flake)}: it is relative to a directory, and the installer has none`;
const zero =
  'CONFIG_SCHEMA choosing the host id: hostId is 00000000, which ZFS treats as unset (zgenhostid(8))';
const notSent = (flake: string) =>
  `CONFIG_SCHEMA reading system.flake ${JSON.stringify(flake)}: no flake was bundled: the initramfs has no /dabei/flake/flake.nix`;

t.test('the plan is right', async t => {
  const elsewhere = { devices: ['/dev/nothing'], key: '12345678' };
  const rows: [string, Partial<ConfigInput>, ReturnType<typeof facts>?][] = [
    ['the standard system', {}],
    ['a flake', { system: { flake: 'github:me/infra#web' } }],
    ['a rescue system', { disks: undefined }],
    ['disks that preflight.ts tells of', { disks: elsewhere }],
    ['little RAM, of which preflight.ts tells', {}, facts([disk()], { memoryBytes: 2 ** 27 })],
    [
      'a flake that was sent along',
      { system: { flake: 'path:/dabei/flake#web' } },
      facts([disk()], { sentFlake: ['flake.nix'] }),
    ],
    [
      'a prebuilt system, whose caches only the new system asks',
      {
        system: {
          storePath: '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web',
          substituters: ['https://cache.example.org'],
          trustedPublicKeys: [`cache.example.org-1:${Buffer.alloc(32).toString('base64')}`],
        },
      },
    ],
    ['more swap than a stub has', { disks: { devices: ['/dev/vda'], key: '12345678', swap: '1GiB' } }],
  ];
  for (const [name, input, machine] of rows) t.same(refused(input, machine), [], name);
});

t.test('what the new system would refuse is refused by the old one', async t => {
  const rows: [string, Partial<ConfigInput>, string[]][] = [
    ['a directory with a typing error', { system: { flake: './infar#web' } }, [relative('./infar#web')]],
    ['a host id that is none', { hostId: '00000000' }, [zero]],
    [
      'a flake that was not sent along',
      { system: { flake: 'path:/dabei/flake' } },
      [notSent('path:/dabei/flake')],
    ],
    [
      'all of it at once, on a disk that is not there',
      {
        hostId: '00000000',
        system: { flake: './infar' },
        disks: { devices: ['/dev/nothing', { serial: 'x' }], layout: 'mirror', key: '12345678' },
      },
      [relative('./infar'), zero],
    ],
  ];
  for (const [name, input, reasons] of rows) t.same(refused(input).toSorted(), reasons.toSorted(), name);
  t.match(refused({ system: { flake: 'git+ssh://git@example.org/me/infra#x' } }), [/^CONFIG_SCHEMA /]);
  t.match(refused({ ssh: { hostKeys: [badKey] } }), [/^SSH_HOST_KEY /]);
});
