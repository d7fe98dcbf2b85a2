import { join } from 'node:path';
import t from 'tap';
import { preflightCommand } from '../../../agent/commands/preflight.ts';
import { doorsTo } from '../../support/doors.ts';
import { onlineFiles, onlinePrograms } from '../../support/online/machine.ts';
import { device, lsblkSays } from '../../support/virtio-disks.ts';

/** What `dabei preflight` tells `run`, as lines of a file. */

const prebuilt = {
  storePath: `/nix/store/${'0'.repeat(32)}-nixos-system-web`,
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`a:${'A'.repeat(43)}=`],
};
const rows: [name: string, system: object | null, memTotalMiB: number, lines: string[]][] = [
  ['no rescue entry', { rescue: false }, 2048, ['passphrase=missing']],
  ['a prebuilt system', prebuilt, 2048, ['passphrase=missing']],
  ['a rescue entry: the kernel once more', {}, 2048, ['passphrase=missing', 'kernel=wanted']],
  ['the least memory for it', { rescue: true }, 384, ['passphrase=missing', 'kernel=wanted']],
  ['too little memory', { rescue: true }, 383, ['passphrase=missing']],
  ['nixos-anywhere, which may write the entry afterwards', null, 2048, ['kernel=wanted']],
  ['nixos-anywhere, with too little memory', null, 383, []],
];

for (const [name, system, memTotalMiB, lines] of rows)
  t.test(name, async t => {
    const config = { disks: { devices: ['/dev/vda'] }, system };
    const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
      files: {
        ...onlineFiles,
        '/proc/meminfo': `MemTotal: ${memTotalMiB * 1024} kB\nMemAvailable: ${memTotalMiB * 1024} kB\n`,
        ...(system === null
          ? { '/boot/dabei/nixos-anywhere': '', '/boot/dabei.json': '{"mode":"rescue"}' }
          : { '/boot/dabei.json': JSON.stringify(config) }),
        '/boot/dabei/capture/links': '[]',
      },
      programs: { ...onlinePrograms(), lsblk: `echo '${lsblkSays(device('vda', 'first'))}'` },
    });
    // It also refuses, for what this machine lacks; the lines are written all the same.
    await preflightCommand(
      doors,
      { capture: '/boot/dabei/capture', image: '/bundle', result: '/result', json: true },
      () => {},
    );
    const written = (doors.read('/result') ?? '').trim().split('\n');
    t.same(
      written.filter(line => !/^((erases|devices)=.*)?$/.test(line)),
      lines,
    );
  });

t.test('Tor is in no bundle, whatever the old system has', async t => {
  const config = { disks: { devices: ['/dev/vda'], key: 'a passphrase' }, tor: {} };
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    files: {
      ...onlineFiles,
      '/usr/bin/tor': '',
      '/boot/dabei.json': JSON.stringify(config),
      '/boot/dabei/capture/links': '[]',
    },
    programs: { ...onlinePrograms(), lsblk: `echo '${lsblkSays(device('vda', 'first'))}'` },
  });
  let printed = '';
  const options = { capture: '/boot/dabei/capture', image: '/bundle', json: true };
  const code = await preflightCommand(doors, options, text => (printed += text));
  const { refusals } = JSON.parse(printed) as { refusals: { code: string; message: string }[] };
  t.equal(code, 10);
  t.match(refusals.find(({ code }) => code === 'VARIANT_MISSING')?.message, 'in the variant "tor" alone');
});

const named = (name: string) => ({ network: { interfaces: [{ name, dhcp4: true }] } });
const askedOfUdev: [about: string, files: Record<string, string>, config: object, asked: string[]][] = [
  ['udev is idle, and no name is unknown', {}, named('eth0'), []],
  ['a MAC address', {}, { network: { interfaces: [{ mac: '52:54:00:12:34:56', dhcp4: true }] } }, []],
  ['udev is busy', { '/run/udev/queue': '' }, named('eth0'), ['settle --timeout=30']],
  ['a name of udev alone', {}, named('ens3'), ['test-builtin net_id /sys/class/net/eth0']],
];

for (const [about, files, config, asked] of askedOfUdev)
  t.test(`the image's udevadm is started only for what nobody else knows: ${about}`, async t => {
    const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
      files: {
        ...onlineFiles,
        ...files,
        '/boot/dabei.json': JSON.stringify({ mode: 'rescue', ...config }),
        '/boot/dabei/capture/links': '[]',
      },
      programs: onlinePrograms(),
    });
    const options = { capture: '/boot/dabei/capture', image: '/bundle', json: true };
    await preflightCommand(doors, options, () => {});
    t.same(
      doors.ran.filter(argv => argv.startsWith('udevadm ')),
      asked.map(words => `udevadm ${words}`),
    );
  });
