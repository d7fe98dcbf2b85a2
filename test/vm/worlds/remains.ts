import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
import { carry } from '../harness/carry.ts';
import { makeDisk, writeAt } from '../harness/disk.ts';
import { bootInstalled, stageDone } from '../guests/install.ts';
import { type Site } from '../harness/site.ts';
import type { Ssh } from '../harness/ssh.ts';
import type { World } from '../world.ts';

/**
 * Five disks with everything that a disk's former life leaves behind, made by the programs that make it and in use where it
 * can be: named in the refusal, then taken down from the top, wiped, and installed to.
 */

const megabytes = 4096;
const letters = ['a', 'b', 'c', 'd', 'e'];

/** What the refusal must name, by disk. */
const named: readonly RegExp[] = [
  /\/dev\/vda is not empty.*\/dev\/vda1 swap in use as swap.*zfs_member "rpool".*imported pool/,
  /\/dev\/vdb is not empty.*zfs_member "old"/,
  /\/dev\/vdc is not empty.*linux_raid_member.*\/dev\/md127 LVM2_member.*swap in use as swap/,
  /\/dev\/vdd is not empty.*dos.*linux_raid_member.*crypto_LUKS.*vfat.*mounted at \/mnt\/secret/,
  /\/dev\/vde is not empty.*gpt.*btrfs "photos"/,
];

export const remainsWorlds: World[] = [
  {
    name: 'remains',
    about:
      'five disks with pools, arrays, volumes, LUKS, btrfs and swap, in use: refused, then wiped and installed to',
    limitSeconds: 2400,
    script: async site => {
      await requireHostPackages({
        '/usr/sbin/mdadm': 'mdadm',
        '/usr/sbin/lvm': 'lvm2',
        '/usr/sbin/cryptsetup': 'cryptsetup-bin',
        '/usr/bin/mkfs.btrfs': 'btrfs-progs',
        '/usr/sbin/sgdisk': 'gdisk',
      });
      const disks = letters.map(letter => site.disk(`old-${letter}`, megabytes));
      await growGpt(site, disks[4]!.file);
      const guest = { memoryMiB: 1024, disks, firmware: 'bios' } as const;
      const machine = await site.startImage({
        ...guest,
        name: 'install',
        parameters: [site.rescueParameter()],
        limitSeconds: 1200,
      });
      await stageDone(machine, 'rescue', 180);
      const ssh = site.ssh();
      await ssh.waitUntilUp(60);
      await makeRemains(site, ssh);

      const config = await site.installConfig({
        disks: {
          layout: 'raidz2',
          devices: letters.map(letter => `/dev/vd${letter}`),
          key: site.keys.passphrase,
        },
      });
      await ssh.run('cat > /run/keep.json', { stdin: JSON.stringify(config) });
      const refused = await ssh.attempt('dabei install --config /run/keep.json', { seconds: 180 });
      assert.equal(refused.exitCode, 1);
      const status = await ssh.run('dabei status');
      for (const pattern of named) assert.match(status, pattern);

      const wiping = { ...config, disks: { ...config.disks, wipe: true } };
      await ssh.run('cat > /run/wipe.json', { stdin: JSON.stringify(wiping) });
      await ssh.run('dabei install --config /run/wipe.json', { seconds: 1200 });
      const wiped = machine.console.stages.findLast(({ name }) => name === 'nuke-disk');
      process.stdout.write(`remains: from five disks in use to a mounted pool in ${wiped?.seconds} s\n`);
      assert.equal(await ssh.run('zpool import 2>&1 | grep -c "pool: old" || true'), '0\n', 'no old pool');
      await ssh.attempt('reboot', { seconds: 30 });
      await machine.waitForEnd(120);

      const installed = await bootInstalled(site, guest);
      assert.match(await installed.ssh.run('zpool status rpool'), /raidz2-0/);
      await installed.machine.end();
    },
  },
];

/** A GPT from a time when the disk was half as large: its copy lies in the middle. A btrfs is on its partition. */
async function growGpt(site: Site, file: string): Promise<void> {
  makeDisk(file, megabytes / 2);
  const program = (doing: string, ...argv: string[]) => run({ doing, argv, timeoutSeconds: 60 });
  await program('partitioning an old disk', 'sgdisk', '--new=1:2048:+1G', '--typecode=1:8300', file);
  const partition = `${site.directory}/btrfs.raw`;
  makeDisk(partition, 1024);
  await program('making a btrfs', 'mkfs.btrfs', '--quiet', '--label', 'photos', partition);
  await program(
    'putting it on the disk',
    ...['dd', `if=${partition}`, `of=${file}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none'],
  );
  truncateSync(file, megabytes * 2 ** 20);
  writeAt(file, -512, Buffer.alloc(512));
}

async function makeRemains(site: Site, ssh: Ssh): Promise<void> {
  const [mdadm, lvm, cryptsetup] = await Promise.all(
    ['mdadm', 'lvm', 'cryptsetup'].map(name => carry(ssh, `/usr/sbin/${name}`, site.directory)),
  );
  const inGuest = (script: string) => ssh.run(`set -e\n${script}`, { seconds: 240 });
  // A pool with the name of ours, imported and mounted, beside swap in use.
  await inGuest(`
    sgdisk --new=1:0:+512M --typecode=1:8200 --new=2:0:0 --typecode=2:BF01 /dev/vda >/dev/null
    udevadm settle
    mkswap /dev/vda1 >/dev/null
    swapon /dev/vda1
    modprobe zfs
    zpool create -f -R /mnt -m /tank rpool /dev/vda2
    zfs create rpool/data
    echo kept > /mnt/tank/data/file`);
  // Labels of another pool at the disk's end alone.
  await inGuest(`
    zpool create -f -m none old /dev/vdb
    zpool export old
    udevadm settle
    part=$(blockdev --getsz /dev/vdb1)
    disk=$(blockdev --getsz /dev/vdb)
    dd if=/dev/vdb1 of=/run/labels bs=512 skip=$((part / 512 * 512 - 1024)) count=1024
    dd if=/dev/zero of=/dev/vdb1 bs=1M count=2
    sgdisk --zap-all /dev/vdb >/dev/null
    dd if=/run/labels of=/dev/vdb bs=512 seek=$((disk / 512 * 512 - 1024)) conv=notrunc
    blockdev --rereadpt /dev/vdb
    udevadm settle`);
  // An array over two disks, a volume group on it, swap on its volume; beside it LUKS with a file system that is mounted.
  await inGuest(`
    sgdisk --new=1:0:+1G --typecode=1:FD00 /dev/vdc >/dev/null
    printf 'o\\nn\\np\\n1\\n\\n+1G\\nn\\np\\n2\\n\\n+1G\\nw\\n' | busybox fdisk /dev/vdd >/dev/null
    blockdev --rereadpt /dev/vdd || true
    udevadm settle
    modprobe raid1
    modprobe dm-mod
    modprobe dm-crypt
    ${mdadm} --create /dev/md127 --run --level=1 --raid-devices=2 --metadata=1.2 --assume-clean /dev/vdc1 /dev/vdd1
    udevadm settle
    export DM_DISABLE_UDEV=1
    ${lvm} pvcreate --config 'devices { use_devicesfile = 0 }' -y /dev/md127
    ${lvm} vgcreate --config 'devices { use_devicesfile = 0 }' vg /dev/md127
    ${lvm} lvcreate --config 'devices { use_devicesfile = 0 }' -y -W n -Z n -L 256M -n old vg
    udevadm trigger --subsystem-match=block
    udevadm settle
    mkswap /dev/mapper/vg-old >/dev/null
    swapon /dev/mapper/vg-old`);
  await ssh.run(
    `${cryptsetup} luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - /dev/vdd2`,
    { stdin: 'an old passphrase', seconds: 120 },
  );
  await ssh.run(`${cryptsetup} open --disable-locks --key-file - /dev/vdd2 secret`, {
    stdin: 'an old passphrase',
    seconds: 120,
  });
  await inGuest(`
    mkfs.vfat /dev/mapper/secret >/dev/null
    mkdir -p /mnt/secret
    mount /dev/mapper/secret /mnt/secret
    udevadm trigger --subsystem-match=block
    udevadm settle`);
}
