import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import type { Disk, Facts } from '../../../../agent/facts.ts';
import { planFinish, planNukeDisk } from '../../../../agent/plan/disks/nuke-disk.ts';
import { renderStep, type Step } from '../../../../agent/plan/step.ts';
import { Secret } from '../../../../agent/secret.ts';
import { GiB, content, disk, facts } from '../../../fixtures/disks.ts';

const key = 'correct horse battery';
const swapKey = new Secret('0123456789abcdef'.repeat(4));

function plan(disks: ConfigInput['disks'], members: Disk[], overrides: Partial<Facts> = {}) {
  const config = configSchema.parse({ version: 1, hostName: 'web-01', disks: { key, ...disks } });
  return planNukeDisk(config, members, facts(members, overrides), swapKey);
}

function print(steps: readonly Step[]): string {
  return steps.map(renderStep).join('\n');
}

/** The steps whose command begins with one of these words. */
function commands(steps: readonly Step[], ...programs: string[]): string[] {
  return steps.flatMap(step =>
    step.kind === 'run' && programs.includes(step.argv[0]) ? [step.argv.join(' ')] : [],
  );
}

const nvme4Kn = disk({
  path: '/dev/nvme0n1',
  aliases: ['/dev/disk/by-id/nvme-Samsung_980_S64D', '/dev/disk/by-id/nvme-eui.0025388b'],
  sizeBytes: 500 * GiB,
  logicalSectorBytes: 4096,
  physicalSectorBytes: 4096,
  model: 'Samsung 980',
  serial: 'S64D',
  transport: 'nvme',
});

const full = disk({
  path: '/dev/sda',
  aliases: ['/dev/disk/by-id/ata-WDC_A1'],
  sizeBytes: 40 * GiB,
  transport: 'sata',
  serial: 'A1',
  contents: [
    content('/dev/sda', { deviceType: 'disk', signature: 'gpt', sizeBytes: 40 * GiB }),
    content('/dev/sda1', { signature: 'linux_raid_member', label: 'old:0' }),
    content('/dev/md127', { deviceType: 'raid1', signature: 'LVM2_member' }),
    content('/dev/mapper/vg-root', { deviceType: 'lvm', signature: 'ext4', mountPoints: ['/mnt/old'] }),
    content('/dev/mapper/vg-home', { deviceType: 'lvm', signature: 'crypto_LUKS' }),
    content('/dev/mapper/home', { deviceType: 'crypt', signature: 'xfs', mountPoints: ['/mnt/old/home'] }),
    content('/dev/sda2', { signature: 'swap', mountPoints: ['[SWAP]'], sizeBytes: GiB }),
    content('/dev/sda3', { sizeBytes: 2 ** 20 }),
    content('/dev/sda4', { deviceType: 'part', signature: 'dos', sizeBytes: 1024 }),
    content('/dev/sda5', { signature: 'zfs_member', label: 'rpool', sizeBytes: 20 * GiB }),
    content('rpool', { deviceType: 'zpool', sizeBytes: 0, mountPoints: ['/mnt', '/mnt/nix'] }),
  ],
});

t.test('an empty virtio disk, BIOS, little memory', async t => {
  const made = plan({ devices: ['only'] }, [disk()], { memoryBytes: 480 * 2 ** 20 });
  t.matchSnapshot(print(made.steps), 'steps');
  t.matchSnapshot(made.summary.join('\n'), 'summary');
  t.matchSnapshot(print(planFinish(made)), 'finish');
  t.same(made.installSwap, ['dabei-swap-1']);
});

t.test('NVMe with sectors of 4096 bytes, UEFI, no swap', async t => {
  const made = plan({ devices: ['only'], swap: 0 }, [nvme4Kn], { firmware: 'uefi', memoryBytes: 16 * GiB });
  t.matchSnapshot(print(made.steps), 'steps');
  t.matchSnapshot(made.summary.join('\n'), 'summary');
  t.matchSnapshot(print(planFinish(made)), 'finish');
  t.same(made.installSwap, []);
  t.same(made.members, [
    {
      disk: '/dev/disk/by-id/nvme-Samsung_980_S64D',
      espPartuuid: made.members[0]!.espPartuuid,
      swapPartuuid: null,
      zfsPartuuid: made.members[0]!.zfsPartuuid,
    },
  ]);
});

t.test('a disk full of remains', async t => {
  const made = plan({ devices: ['only'], wipe: true }, [full]);
  t.matchSnapshot(print(made.steps), 'steps');
  t.matchSnapshot(made.summary.join('\n'), 'summary');
});

t.test('what is in use is taken down from the top', async t => {
  const { steps } = plan({ devices: ['only'], wipe: true }, [full]);
  const firstWrite = steps.findIndex(step => step.kind === 'run' && step.argv[0] === 'dd');
  t.same(
    steps.slice(0, firstWrite).map(step => renderStep(step).split('\n')[1]),
    [
      '/usr/lib/dabei/stay erasing',
      'swapoff /dev/sda2',
      'umount --recursive /mnt/old/home',
      'umount --recursive /mnt/nix',
      'umount --recursive /mnt/old',
      'umount --recursive /mnt',
      'zpool export -f rpool',
      'dmsetup remove --retry home',
      'dmsetup remove --retry vg-home',
      'dmsetup remove --retry vg-root',
      'echo clear > /sys/block/md127/md/array_state',
    ],
  );
});

t.test('an array on two members is stopped once', async t => {
  const array = content('/dev/md0', { deviceType: 'raid1', signature: 'ext4' });
  const half = (path: string) =>
    disk({ path, aliases: [], contents: [content(`${path}1`, { signature: 'linux_raid_member' }), array] });
  const { steps } = plan({ layout: 'mirror', devices: ['/dev/sda', '/dev/sdb'], wipe: true }, [
    half('/dev/sda'),
    half('/dev/sdb'),
  ]);
  t.equal(steps.filter(step => step.kind === 'kernel' && step.value === 'clear').length, 1);
});

t.test('mirror', async t => {
  const sda = disk({
    path: '/dev/sda',
    aliases: ['/dev/disk/by-id/ata-WDC_A1'],
    serial: 'A1',
    transport: 'sata',
  });
  const sdb = disk({ ...sda, path: '/dev/sdb', aliases: ['/dev/disk/by-id/ata-WDC_A2'], serial: 'A2' });
  const made = plan({ layout: 'mirror', devices: ['/dev/sda', '/dev/sdb'] }, [sda, sdb]);
  t.matchSnapshot(print(made.steps), 'steps');
  t.matchSnapshot(made.summary.join('\n'), 'summary');
  t.same(
    made.members.map(member => member.disk),
    ['/dev/disk/by-id/ata-WDC_A1', '/dev/disk/by-id/ata-WDC_A2'],
  );
});

t.test('vdevs of every layout', async t => {
  for (const [layout, count] of [
    ['single', 1],
    ['mirror', 3],
    ['raidz1', 3],
    ['raidz2', 4],
    ['raidz3', 5],
  ] as const) {
    const members = Array.from({ length: count }, (_, n) =>
      disk({ path: `/dev/vd${'abcde'[n]}`, aliases: [] }),
    );
    const made = plan({ layout, devices: members.map(member => member.path) }, members);
    const [create = ''] = commands(made.steps, 'zpool');
    const vdevs = made.members.map(member => `/dev/disk/by-partuuid/${member.zfsPartuuid}`).join(' ');
    t.ok(create.endsWith(layout === 'single' ? ` rpool ${vdevs}` : ` rpool ${layout} ${vdevs}`), layout);
    t.equal(new Set(made.members.map(member => member.zfsPartuuid)).size, count, `${layout}: GUIDs differ`);
  }
});

t.test('the pool may have another name', async t => {
  const made = plan({ devices: ['only'], poolName: 'tank' }, [disk()]);
  t.same(made.datasets, [
    { name: 'tank/local/root', mountpoint: '/' },
    { name: 'tank/local/nix', mountpoint: '/nix' },
    { name: 'tank/safe/home', mountpoint: '/home' },
    { name: 'tank/safe/persist', mountpoint: '/persist' },
  ]);
  t.notMatch(print([...made.steps, ...planFinish(made)]), /rpool/);
});

t.test('secrets appear in no command and in no printed plan', async t => {
  const made = plan({ devices: ['only'] }, [disk()], { memoryBytes: 480 * 2 ** 20 });
  const all = [...made.steps, ...planFinish(made)];
  const texts = [print(all), JSON.stringify(all), made.summary.join('\n')];
  const create = made.steps.find(step => step.kind === 'run' && step.argv[0] === 'dmsetup');
  const table =
    create?.kind === 'run' && create.stdin instanceof Secret ? create.stdin.reveal().toString() : '';
  t.match(
    table,
    /^0 \d+ crypt aes-xts-plain64 [0-9a-f]{128} 0 \/dev\/disk\/by-partuuid\/[0-9a-f-]{36} 0 3 allow_discards no_read_workqueue no_write_workqueue\n$/,
  );
  const cryptKey = table.split(' ')[4]!;
  for (const text of texts) {
    t.notOk(text.includes(key), 'passphrase');
    t.notOk(text.includes(cryptKey), 'swap key');
  }
  const pool = made.steps.find(step => step.kind === 'run' && step.argv[0] === 'zpool');
  t.ok(pool?.kind === 'run' && pool.stdin instanceof Secret && pool.stdin.reveal().equals(Buffer.from(key)));
});

t.test('every program has a limit', async t => {
  const made = plan({ devices: ['only'], wipe: true }, [full], { memoryBytes: GiB });
  for (const step of [...made.steps, ...planFinish(made)]) {
    if (step.kind === 'run') t.ok(step.timeoutSeconds > 0 && step.timeoutSeconds <= 600, step.doing);
  }
});

t.test('without encryption, only in so many words', async t => {
  const made = plan({ devices: ['only'], encryption: 'none', key: undefined }, [disk()]);
  const [create = ''] = commands(made.steps, 'zpool');
  t.match(create, '-O encryption=off');
  t.notMatch(create, /keyformat|keylocation/);
  t.match(made.summary.join('\n'), 'NOT ENCRYPTED');
});

t.test('with impermanence, what is kept is written below /persist from the start', async t => {
  const config = configSchema.parse({
    version: 1,
    disks: { devices: ['only'], key },
    system: { impermanence: true },
  });
  const { steps } = planNukeDisk(config, [disk()], facts([disk()]), swapKey);
  t.same(
    commands(steps, 'mount').filter(line => line.includes('--bind')),
    ['/etc/nixos', '/etc/ssh', '/var/lib', '/var/log'].map(
      directory => `mount --bind /mnt/persist${directory} /mnt${directory}`,
    ),
  );
});

t.test('a key in hexadecimal digits', async t => {
  const made = plan({ devices: ['only'], keyFormat: 'hex', key: '0123456789abcdef'.repeat(4) }, [disk()]);
  t.match(commands(made.steps, 'zpool')[0], '-O keyformat=hex -O keylocation=prompt');
});

t.test('a disk is overwritten as a whole where that is asked for', async t => {
  const made = plan({ devices: ['only'], wipe: 'full' }, [full]);
  t.match(commands(made.steps, 'blkdiscard'), [/^blkdiscard --zeroout /]);
});

t.test('partitions are cleared from the last to the first: the install state goes last', async t => {
  const { steps } = plan({ devices: ['only'], wipe: true }, [full]);
  const cleared = commands(steps, 'wipefs').map(line => line.split(' ').at(-1));
  t.same(
    cleared.filter(device => /^\/dev\/sda\d$/.test(device!)),
    ['/dev/sda5', '/dev/sda4', '/dev/sda3', '/dev/sda2', '/dev/sda1'],
  );
});

t.test('refusals', async t => {
  const refused = (input: Partial<ConfigInput>, members = [disk()]) => {
    const config = configSchema.parse({ version: 1, hostName: 'web-01', ...input });
    return () => planNukeDisk(config, members, facts(members), swapKey);
  };
  t.throws(refused({ disks: { devices: ['only'] } }), {
    code: 'CONFIG_SCHEMA',
    problem: /disks\.key is not set/,
  });
  t.throws(refused({ hostId: '00000000', disks: { devices: ['only'], key } }), {
    code: 'CONFIG_SCHEMA',
    problem: /00000000/,
  });
  t.throws(refused({}), { code: 'INTERNAL' });
  t.throws(refused({ disks: { devices: ['only'], key } }, []), { code: 'INTERNAL' });
});

t.test('swap while installing', async t => {
  const swapping = (memoryBytes: number, swap?: 0) => {
    const disks = { devices: ['/dev/vda'], ...(swap === undefined ? {} : { swap }) };
    const { steps } = plan(disks, [disk({ sizeBytes: 40 * GiB })], { memoryBytes });
    const all = commands(steps, 'swapon', 'zpool');
    return { on: all.filter(line => line.startsWith('swapon')), first: all[0] };
  };
  const onDisk = 'swapon --priority 10 /dev/mapper/dabei-swap-1';
  t.match(swapping(GiB / 2), { on: [onDisk], first: onDisk }, 'before the pool, with a random key');
  t.match(swapping(4 * GiB), { on: [] });
  t.match(swapping(GiB / 2, 0), { on: ['swapon --priority 100 /dev/zram0'] }, 'compressed memory');
  t.match(swapping(GiB, 0), { on: [] });
});

t.test('copies of BlueStore labels', async t => {
  const zeroed = (member: Disk) =>
    commands(plan({ devices: ['only'], wipe: true }, [member]).steps, 'dd')
      .filter(line => line.includes('count=8 ') || line.includes('count=1 '))
      .map(line => line.replace(/^dd if=.dev.zero of=/, ''));
  const bluestore = { deviceType: 'disk', signature: 'ceph_bluestore' };
  t.same(
    zeroed(disk({ ...full, contents: [content('/dev/sda', { ...bluestore, sizeBytes: 40 * GiB })] })),
    [1, 10].map(
      gibibytes => `/dev/disk/by-id/ata-WDC_A1 bs=512 seek=${gibibytes * 2 ** 21} count=8 conv=notrunc,fsync`,
    ),
    'those that the disk has room for',
  );
  t.same(
    zeroed(
      disk({
        ...nvme4Kn,
        contents: [
          content('/dev/nvme0n1', { deviceType: 'disk', signature: 'gpt', sizeBytes: 500 * GiB }),
          content('/dev/nvme0n1p1', { signature: 'gpt+ceph_bluestore', sizeBytes: 200 * GiB }),
          content('/dev/nvme0n1p2', { signature: 'ext4', sizeBytes: 200 * GiB }),
        ],
      }),
    ),
    [1, 10, 100].map(
      gibibytes => `/dev/nvme0n1p1 bs=4096 seek=${gibibytes * 2 ** 18} count=1 conv=notrunc,fsync`,
    ),
    'from the beginning of the partition',
  );
});
