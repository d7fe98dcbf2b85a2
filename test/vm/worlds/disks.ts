import assert from 'node:assert/strict';
import type { ConfigInput, Layout } from '../../../agent/config/schema.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, startInstall } from '../guests/install.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import type { Ssh } from '../harness/ssh.ts';
import type { World } from '../world.ts';

/** Layouts, sectors and kinds of disks: each installs, and boots by itself, also with as many disks gone as it can lose. */

interface Row {
  name: string;
  about: string;
  firmware: 'bios' | 'uefi';
  layout: Layout;
  count: number;
  disk?: Partial<DiskOptions>;
  /** Selectors; by default "/dev/vda" and so on. */
  devices?: NonNullable<ConfigInput['disks']>['devices'];
  disks?: Partial<NonNullable<ConfigInput['disks']>>;
  /** Which disks are left, one list for each boot from disk; counted from 0. */
  boots: readonly (readonly number[])[];
  megabytes?: number;
}

const all = (count: number) => Array.from({ length: count }, (_, index) => index);

const rows: Row[] = [
  {
    name: 'mirror-degraded',
    about: 'BIOS, mirror: the machine boots after its first disk is gone',
    firmware: 'bios',
    layout: 'mirror',
    count: 2,
    boots: [[1]],
  },
  {
    name: 'mirror-bios',
    about: 'BIOS, mirror: boots with both disks, and without the second',
    firmware: 'bios',
    layout: 'mirror',
    count: 2,
    boots: [all(2), [0]],
  },
  {
    name: 'mirror-uefi',
    about: 'UEFI, mirror: boots with both disks, without the first, without the second',
    firmware: 'uefi',
    layout: 'mirror',
    count: 2,
    boots: [all(2), [1], [0]],
  },
  {
    name: 'raidz1-bios',
    about: 'BIOS, raidz1 of three: boots with all, and without one',
    firmware: 'bios',
    layout: 'raidz1',
    count: 3,
    boots: [all(3), [1, 2]],
  },
  {
    name: 'raidz1-uefi',
    about: 'UEFI, raidz1 of three: boots with all, and without one',
    firmware: 'uefi',
    layout: 'raidz1',
    count: 3,
    boots: [all(3), [0, 2]],
  },
  {
    name: 'raidz2-bios',
    about: 'BIOS, raidz2 of four: boots with all, and without two',
    firmware: 'bios',
    layout: 'raidz2',
    count: 4,
    boots: [all(4), [2, 3]],
  },
  {
    name: 'raidz2-uefi',
    about: 'UEFI, raidz2 of four: boots with all, and without two',
    firmware: 'uefi',
    layout: 'raidz2',
    count: 4,
    boots: [all(4), [1, 3]],
  },
  {
    name: 'raidz3-bios',
    about: 'BIOS, raidz3 of five: boots with all',
    firmware: 'bios',
    layout: 'raidz3',
    count: 5,
    boots: [all(5)],
  },
  {
    name: 'raidz3-uefi',
    about: 'UEFI, raidz3 of five: boots without three',
    firmware: 'uefi',
    layout: 'raidz3',
    count: 5,
    boots: [[3, 4]],
  },
  {
    name: 'sectors-4096',
    about: 'UEFI, a SCSI disk with sectors of 4096 bytes, chosen by its serial number',
    firmware: 'uefi',
    layout: 'single',
    count: 1,
    disk: { interface: 'scsi', sectorBytes: 4096 },
    devices: [{ serial: 'disk0' }],
    boots: [all(1)],
  },
  {
    name: 'nvme-mirror',
    about: 'UEFI, two NVMe disks with sectors of 4096 bytes, chosen by transport and serial number',
    firmware: 'uefi',
    layout: 'mirror',
    count: 2,
    disk: { interface: 'nvme', sectorBytes: 4096 },
    devices: [
      { transport: 'nvme', serial: 'disk0' },
      { transport: 'nvme', serial: 'disk1' },
    ],
    boots: [all(2)],
  },
  {
    name: 'no-serial',
    about: 'BIOS, a virtio disk without a serial number, chosen as the only one, in another slot later',
    firmware: 'bios',
    layout: 'single',
    count: 1,
    disk: { serial: '' },
    devices: ['only'],
    boots: [all(1)],
  },
  {
    name: 'not-encrypted',
    about: 'BIOS, encryption "none", no swap: boots without asking',
    firmware: 'bios',
    layout: 'single',
    count: 1,
    disks: { encryption: 'none', key: undefined, swap: 0 },
    boots: [all(1)],
  },
];

const memoryMiB = 1024;

export const diskWorlds: World[] = rows.map(row => ({
  name: `disks-${row.name}`,
  about: row.about,
  limitSeconds: 2400,
  everywhere: row.firmware === 'uefi',
  script: async (site, report) => {
    const { firmware, layout, count, boots } = row;
    const disks = all(count).map(index => site.disk(`disk${index}`, row.megabytes ?? 4096, row.disk));
    const devices = row.devices ?? all(count).map(index => `/dev/vd${'abcde'[index]}`);
    const encrypted = row.disks?.encryption !== 'none';
    const config = await site.installConfig({
      disks: { layout, devices, key: site.keys.passphrase, ...row.disks },
    });
    const install = await startInstall(site, config, { memoryMiB, firmware, disks });
    report.leastFreeMiB = (await finishInstall(site, install)).leastFreeMiB;

    for (const present of boots) {
      const guest = { memoryMiB, firmware, disks: present.map(index => disks[index]!) };
      const { machine, ssh } = await bootInstalled(site, guest, encrypted ? {} : { by: 'nothing' });
      await assertPool(ssh, { layout, count, present: present.length, encrypted });
      await assertEsps(ssh, count, present);
      if (row.disks?.swap === 0) assert.doesNotMatch(await ssh.run('cat /proc/swaps'), /\/dev\//);
      // A pool that is not exported by a shutdown is imported again all the same: the host id is the same.
      await machine.end();
    }
    if (encrypted) for (const disk of disks) await assertNoSecretOnDisk(site, disk);
  },
}));

interface Expected {
  layout: Layout;
  count: number;
  present: number;
  encrypted: boolean;
}

async function assertPool(ssh: Ssh, { layout, count, present, encrypted }: Expected): Promise<void> {
  const status = await ssh.run('zpool status -P rpool');
  assert.match(status, present === count ? /state: ONLINE/ : /state: DEGRADED/);
  if (layout !== 'single') assert.match(status, new RegExp(`^\\t  ${layout}-0 `, 'm'));
  assert.equal(status.match(/\/dev\/disk\/by-partuuid\/\S+ +ONLINE/g)?.length ?? 0, present, status);
  const pool = await ssh.run('zpool get -H -o value ashift,autotrim,compatibility rpool');
  assert.equal(pool, '12\non\nopenzfs-2.2\n');
  const root = await ssh.run(
    'zfs get -H -o value encryption,compression,acltype,xattr,dnodesize,canmount,mountpoint rpool',
  );
  const encryption = encrypted ? 'aes-256-gcm' : 'off';
  // "on" has meant "sa" since OpenZFS 2.3, and both are shown so (zfsprops(7)).
  assert.equal(root, `${encryption}\nzstd\nposix\non\nauto\noff\nnone\n`);
  assert.notEqual(await ssh.run('zfs get -H -p -o value refreservation rpool/reserved'), '0\n');
  assert.equal(await ssh.run('zfs get -H -o value atime rpool/local/nix'), 'off\n');
}

/** With GRUB, each disk's copy of the initrd gets the secrets by itself; their archive has times and inode numbers. */
const ownFiles = /^\S+ +(\.\/kernels\/\S+-initrd)$/gm;

/** Every member that is there has an ESP, all with the same files. */
async function assertEsps(ssh: Ssh, count: number, present: readonly number[]): Promise<void> {
  const mounts = await ssh.run('cat /proc/mounts');
  const listings = new Set<string>();
  for (const index of all(count)) {
    const path = index === 0 ? '/boot' : `/boot-${index + 1}`;
    const isMounted = new RegExp(` ${path} vfat `).test(mounts);
    assert.equal(isMounted, present.includes(index), `${path} is mounted if its disk is there`);
    if (!isMounted) continue;
    const files = await ssh.run(`cd ${path} && find . -type f | sort | xargs sha256sum`, { seconds: 180 });
    assert.match(files, /dabei\/5-boot-loader\.json/);
    listings.add(files.replaceAll(ownFiles, '* $1'));
  }
  assert.equal(listings.size, 1, `the ESPs are equal:\n${[...listings].join('\n')}`);
}
