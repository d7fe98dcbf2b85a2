import t from 'tap';
import {
  configSchema,
  networkSchema,
  type Config,
  type ConfigInput,
  type NetworkConfig,
  type NetworkInput,
} from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { keptNetwork as keptOf } from '../../../../agent/capture/summary.ts';
import { defaultRoutes } from '../../../../agent/plan/network/default-routes.ts';
import { checkLogin, loadingBytes, preflight } from '../../../../agent/plan/preflight/preflight.ts';
import type { NewSystem, OldSystem } from '../../../../agent/plan/preflight/systems.ts';
import { renderTable } from '../../../../agent/plan/preflight/preflight-table.ts';
import { data, debian, image, nic, root } from '../../../fixtures/old-system.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

const MiB = 2 ** 20;

const config = (disks: ConfigInput['disks']): Config => configSchema.parse({ disks, system: {} });
const wholeRoot = config({ devices: ['/dev/vda'], wipe: true, key: '12345678' });

interface Case {
  old?: Partial<OldSystem>;
  image?: Partial<NewSystem>;
  config?: Config | null;
  installs?: boolean;
  defaultRoutes?: number;
}

const judge = (row: Case) =>
  preflight(
    row.config === undefined ? wholeRoot : row.config,
    row.installs ?? true,
    { ...debian, ...row.old },
    { ...image, ...row.image },
    row.defaultRoutes ?? 1,
  );

t.test('nothing speaks against it', async t => {
  const rows: [string, Case][] = [
    ['install', {}],
    ['rescue', { installs: false, config: null }],
    [
      'rescue with little memory',
      { installs: false, old: { ramBytes: 160 * MiB, availableBytes: 100 * MiB } },
    ],
    ['Secure Boot, but the kernel says that it is not locked down', { old: { secureBoot: true } }],
    ['a kernel without lockdown', { old: { lockdown: null } }],
    [
      'a policy that only measures',
      { old: { imaPolicy: 'measure func=KEXEC_KERNEL_CHECK\nappraise func=MODULE_CHECK' } },
    ],
    ['2047 bytes', { image: { commandLine: 'x'.repeat(2047) + '\n' } }],
    [
      'a second disk besides',
      {
        config: config({
          layout: 'mirror',
          devices: ['/dev/vda', { serial: 'data' }],
          wipe: true,
          key: '12345678',
        }),
      },
    ],
  ];
  for (const [name, row] of rows) t.strictSame(judge(row).refusals, [], name);
});

t.test('each reason, with its code and figures', async t => {
  const elsewhere = config({ devices: [{ serial: 'data' }], key: '12345678' });
  const rows: [string, Case, string, RegExp][] = [
    [
      'processor',
      { old: { processor: 'aarch64' } },
      'PREFLIGHT_ARCHITECTURE',
      /this machine is aarch64, the image is for x86_64/,
    ],
    ['container', { old: { container: 'lxc' } }, 'PREFLIGHT_CONTAINER', /container \(lxc\)/],
    ['lockdown', { old: { lockdown: 'integrity' } }, 'PREFLIGHT_LOCKDOWN', /locked down \(integrity\): /],
    [
      'lockdown by Secure Boot',
      { old: { lockdown: 'integrity', secureBoot: true } },
      'PREFLIGHT_LOCKDOWN',
      /because Secure Boot is on/,
    ],
    ['Secure Boot', { old: { lockdown: null, secureBoot: true } }, 'PREFLIGHT_SECURE_BOOT', /not signed/],
    [
      'IMA',
      {
        old: {
          imaPolicy: 'dont_measure fsmagic=0x1\nappraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n',
        },
      },
      'PREFLIGHT_IMA',
      /integrity policy/,
    ],
    ['disabled', { old: { kexec: 'disabled' } }, 'PREFLIGHT_KEXEC_DISABLED', /kexec_load_disabled is 1/],
    ['not built in', { old: { kexec: 'unsupported' } }, 'PREFLIGHT_KEXEC_UNSUPPORTED', /built without kexec/],
    [
      'line',
      { image: { commandLine: 'x'.repeat(2048) } },
      'PREFLIGHT_COMMAND_LINE',
      /2048 bytes, and the kernel cuts it off after 2047/,
    ],
    [
      'cut off',
      { image: { files: [image.files[0]!, { name: 'initrd', expectedBytes: 40 * MiB, bytes: 7 }] } },
      'PREFLIGHT_IMAGE_HASH',
      /initrd has 7 bytes instead of 41943040/,
    ],
    [
      'missing',
      { image: { files: [image.files[1]!, { name: 'bzImage', expectedBytes: 5 * MiB, bytes: null }] } },
      'PREFLIGHT_IMAGE_HASH',
      /bzImage is missing/,
    ],
    [
      'RAM',
      { old: { ramBytes: 192 * MiB } },
      'PREFLIGHT_MEMORY',
      /has 192 MiB of RAM, an installation needs 250 MiB/,
    ],
    [
      'RAM that only the kernel tells',
      { old: { ramBytes: null, facts: { ...debian.facts, memoryBytes: 100 * MiB } }, installs: false },
      'PREFLIGHT_MEMORY',
      /has 100 MiB of RAM, the rescue system needs 118 MiB/,
    ],
    [
      'free RAM',
      { old: { availableBytes: 90 * MiB } },
      'PREFLIGHT_MEMORY',
      /90 MiB of RAM are available, loading takes 97 MiB/,
    ],
    ['route', { defaultRoutes: 0 }, 'PREFLIGHT_NO_DEFAULT_ROUTE', /no default route/],
    [
      'root',
      { config: elsewhere },
      'PREFLIGHT_ROOT_ELSEWHERE',
      /not named, and would start again afterwards: \/dev\/vda /,
    ],
    [
      'data',
      { config: config({ devices: ['/dev/vda'], key: '12345678' }) },
      'DISK_FOREIGN_DATA',
      /\/dev\/vda1 ext4 mounted at \//,
    ],
    [
      'no such disk',
      { config: config({ devices: ['/dev/sdz'], key: '12345678' }) },
      'DISK_NOT_FOUND',
      /\/dev\/sdz/,
    ],
    [
      'driver of the interface',
      {
        old: {
          linkDevices: new Map([
            ['eno1', [{ ...nic, modalias: 'pci:v1', driver: 'be2net', module: 'be2net' }]],
          ]),
        },
      },
      'PREFLIGHT_NO_DRIVER',
      /no driver for eno1, which has a default route: here it is be2net \(pci:v1\)/,
    ],
    [
      'driver of the disk',
      { old: { diskDevices: new Map([['/dev/vda', [{ ...nic, driver: 'mvsas', module: 'mvsas' }]]]) } },
      'PREFLIGHT_NO_DRIVER',
      /no driver for the disk \/dev\/vda: here it is mvsas/,
    ],
    [
      'a disk on no bus',
      { old: { diskDevices: new Map([['/dev/vda', [{ ...nic, modalias: 'scsi:t-0x00', driver: 'sd' }]]]) } },
      'PREFLIGHT_NO_EVIDENCE',
      /cannot determine the driver of the disk \/dev\/vda/,
    ],
    [
      'a disk of which sysfs knows nothing',
      { old: { diskDevices: new Map() } },
      'PREFLIGHT_NO_EVIDENCE',
      /\/dev\/vda/,
    ],
    [
      'an interface without a device, and no other one',
      { old: { linkDevices: new Map([['wg0', []]]) } },
      'PREFLIGHT_NO_EVIDENCE',
      /cannot determine the driver of wg0, which has a default route/,
    ],
    [
      'a UEFI of 32 bits',
      { old: { facts: { ...debian.facts, firmware: 'uefi', firmwareBits: 32 } } },
      'FIRMWARE_32BIT',
      /BOOTIA32/,
    ],
    [
      'a disk behind a network',
      {
        old: {
          facts: {
            ...debian.facts,
            disks: [
              root,
              { ...data, notHardware: { kind: 'network', because: 'it is reached over a network (iscsi)' } },
            ],
          },
        },
        config: elsewhere,
      },
      'DISK_NOT_HARDWARE',
      /over a network \(iscsi\)/,
    ],
    [
      'firmware',
      {
        old: {
          linkDevices: new Map([
            ['eno1', [{ ...nic, modalias: 'pci:v14E4d1', driver: 'bnx2', module: 'bnx2' }]],
          ]),
        },
      },
      'PREFLIGHT_NO_FIRMWARE',
      /lacks firmware for the driver of .*bnx2: bnx2\/mips\.fw/,
    ],
  ];
  for (const [name, row, code, message] of rows) {
    const { refusals } = judge(row);
    t.strictSame(
      refusals.map(refusal => refusal.code),
      [code],
      name,
    );
    t.match(refusals[0]?.message, message, name);
    t.ok(refusals[0]?.remedy, `${name}: remedy`);
  }
});

t.test('all reasons at once', async t => {
  const { refusals } = judge({ old: { kexec: 'disabled', availableBytes: 0 }, defaultRoutes: 0 });
  t.strictSame(
    refusals.map(({ code }) => code),
    ['PREFLIGHT_KEXEC_DISABLED', 'PREFLIGHT_MEMORY', 'PREFLIGHT_NO_DEFAULT_ROUTE'],
  );
});

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

t.test('loading takes the initrd twice', async t => {
  t.equal(loadingBytes(image), (40 + 40 + 5 + 12) * MiB);
});

const capture: Record<string, string> = {
  'addr.json': JSON.stringify([
    { ifname: 'lo', link_type: 'loopback', addr_info: [{ local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    {
      ifname: 'ens3',
      link_type: 'ether',
      address: '52:54:00:12:34:56',
      addr_info: [
        { local: '192.0.2.7', prefixlen: 32, scope: 'global' },
        { local: '2001:db8::7', prefixlen: 64, scope: 'global', dynamic: true },
        { local: 'fe80::1', prefixlen: 64, scope: 'link' },
      ],
    },
  ]),
  'route-4.json': JSON.stringify([
    { type: 'unicast', dst: 'default', gateway: '192.0.2.1', dev: 'ens3', table: 'main', flags: ['onlink'] },
    { type: 'local', dst: '192.0.2.7', dev: 'ens3', table: 'local', flags: [] },
  ]),
  'route-6.json': JSON.stringify([
    {
      type: 'unicast',
      dst: 'default',
      table: '200',
      metric: 1024,
      flags: [],
      nexthops: [
        { via: { host: 'fe80::9' }, dev: 'ens3', flags: [] },
        { gateway: 'fe80::8', dev: 'ens4', flags: [] },
      ],
    },
  ]),
  'resolv.conf': 'search example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n',
};

/** As it becomes of the capture. */
const newNetwork = networkSchema.parse({
  interfaces: [
    {
      name: 'ens3',
      addresses: ['192.0.2.7/32'],
      routes: [{ destination: 'default', gateway: '192.0.2.1' }],
      acceptRa: true,
    },
    { name: 'ens4' },
  ],
  routes: [
    {
      destination: '::/0',
      table: 200,
      nexthops: [
        { gateway: 'fe80::9', interface: 'ens3' },
        { gateway: 'fe80::8', interface: 'ens4' },
      ],
    },
  ],
  rules: [{ family: 6, priority: 5, table: 200 }],
  dns: { servers: ['192.0.2.53', '2001:db8::53'] },
});

const keptNetwork = (read: (name: string) => string | null, network: NetworkConfig) =>
  keptOf(read, network, defaultRoutes(network));

t.test('the network that is kept', async t => {
  const network = keptNetwork(name => capture[name] ?? null, newNetwork);
  t.strictSame(network, {
    links: [
      { name: 'ens3', mac: '52:54:00:12:34:56', addresses: ['192.0.2.7/32', '2001:db8::7/64 (leased)'] },
    ],
    routes: [
      'default via 192.0.2.1 dev ens3 onlink',
      'default via fe80::9 dev ens3 via fe80::8 dev ens4 metric 1024 table 200',
    ],
    dns: ['192.0.2.53', '2001:db8::53'],
    defaultLinks: ['ens3', 'ens4'],
  });
  const leased = keptNetwork(
    name => ({ ...capture, 'leases/udhcpc/ens3': 'ens3\n' })[name] ?? null,
    newNetwork,
  );
  t.strictSame(leased.links[0]?.addresses, ['192.0.2.7/32 (leased)', '2001:db8::7/64 (leased)']);
  const nothing = { links: [], routes: [], dns: [], defaultLinks: [] };
  t.strictSame(
    keptNetwork(() => null, networkSchema.parse({})),
    nothing,
  );
  t.strictSame(
    keptNetwork(() => 'not JSON', networkSchema.parse({})),
    nothing,
  );
});

t.test('nothing is printed as kept that is not kept', async t => {
  const kept = (network: NetworkInput) =>
    keptNetwork(name => capture[name] ?? null, networkSchema.parse(network));
  const own = { interfaces: [{ name: 'eth9', dhcp: true }], dns: { servers: ['203.0.113.53'] } };
  t.strictSame(kept(own), { links: [], routes: [], dns: ['203.0.113.53'], defaultLinks: [] });
  const { rules: _, ...withoutRule } = newNetwork;
  t.strictSame(kept(withoutRule).routes, ['default via 192.0.2.1 dev ens3 onlink'], 'no rule leads to 200');
  t.strictSame(kept({ interfaces: [{ name: 'ens3', dhcp: { useGateway: false } }] }).routes, []);
  t.strictSame(kept({ interfaces: [{ name: 'ens3', dhcp: true }] }).routes, [
    'default via 192.0.2.1 dev ens3 onlink',
  ]);
});

t.test('the table', async t => {
  const text = renderTable({
    old: debian,
    found: judge({}),
    network: keptNetwork(name => capture[name] ?? null, newNetwork),
    leftOut: ['docker0 belongs to a program'],
    hostKeys: ['SHA256:abc (ED25519)'],
    authorizedKeys: ['ssh-rsa me@laptop (with options)', 'ssh-ed25519 you'],
    config: wholeRoot,
    installs: true,
    returnAfterSeconds: 900,
    console: { shell: 'off', because: 'a passphrase or a private key came in' },
  });
  t.equal(
    text,
    `this machine             QEMU Standard PC, BIOS, 511 MiB of RAM
kept          ens3       52:54:00:12:34:56 192.0.2.7/32, 2001:db8::7/64 (leased)
              routes     default via 192.0.2.1 dev ens3 onlink
                         default via fe80::9 dev ens3 via fe80::8 dev ens4 metric 1024 table 200
              DNS        192.0.2.53 2001:db8::53
              host keys  SHA256:abc (ED25519)
              logins     ssh-rsa me@laptop (with options)
                         ssh-ed25519 you
left out                 docker0 belongs to a program
erased        /dev/vda   20 GiB, serial root: gpt, /dev/vda1 ext4 mounted at /
becomes                  NixOS, nixos
                         restarts into this system after 900 s without a login, unless a disk was touched
              console    no shell, because a passphrase or a private key came in
`,
  );
});

t.test('who could log in afterwards', async t => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me';
  const forced = `no-pty,command="echo no" ${key}`;
  const code = 'PREFLIGHT_NO_LOGIN';
  t.same(checkLogin([key], null, 0), { refusals: [], warnings: [] });
  t.same(checkLogin([forced, `from="192.0.2.1" ${publicKeyOf('other')}`], null, 0).refusals, []);
  t.match(checkLogin([], null, 0), { refusals: [{ code, remedy: /authorized_keys/ }] });
  t.match(checkLogin([forced], null, 0), { refusals: [{ code, problem: /restricted to one command/ }] });
  const own = configSchema.parse({ system: { flake: 'github:me/infra#web' } });
  t.match(checkLogin([], own, 0), { refusals: [], warnings: [/nobody could log in/] });
});

t.test('machines that the new kernel cannot run on', async t => {
  const codes = (changes: Partial<OldSystem>) =>
    preflight(null, false, { ...debian, ...changes }, image, 1).refusals.map(({ code }) => code);
  t.same(codes({ confidential: true }), ['PREFLIGHT_CONFIDENTIAL']);
  t.same(codes({ ipmiWatchdog: true }), ['PREFLIGHT_WATCHDOG']);
});
