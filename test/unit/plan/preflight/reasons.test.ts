import t from 'tap';
import { loadingBytes, preflight } from '../../../../agent/plan/preflight/preflight.ts';
import type { OldSystem } from '../../../../agent/plan/preflight/systems.ts';
import { data, debian, image, nic, root } from '../../../fixtures/old-system.ts';
import { type Case, config, judge } from './judge.ts';

const MiB = 2 ** 20;

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

t.test('loading takes the initrd twice', async t => {
  t.equal(loadingBytes(image), (40 + 40 + 5 + 12) * MiB);
  t.equal(loadingBytes({ ...image, secondInitrdBytes: 2 * MiB }), (42 + 42 + 5 + 12) * MiB, 'both of them');
});

t.test('machines that the new kernel cannot run on', async t => {
  const codes = (changes: Partial<OldSystem>) =>
    preflight(null, false, { ...debian, ...changes }, image, 1).refusals.map(({ code }) => code);
  t.same(codes({ confidential: true }), ['PREFLIGHT_CONFIDENTIAL']);
  t.same(codes({ ipmiWatchdog: true }), ['PREFLIGHT_WATCHDOG']);
});
