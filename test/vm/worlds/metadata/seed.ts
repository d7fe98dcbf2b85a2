import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../../image/lib/host.ts';
import { stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk, makeDisk } from '../../harness/disk.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** A seed of NoCloud on a stick that somebody left in. */

const mac = '52:54:00:12:34:56';

export async function makeSeed(site: Site): Promise<DiskOptions> {
  await requireHostPackages({ '/usr/bin/mcopy': 'mtools', '/usr/sbin/mkfs.vfat': 'dosfstools' });
  const file = join(site.directory, 'seed.raw');
  makeDisk(file, 4);
  await run({ doing: 'formatting the seed', argv: ['mkfs.vfat', '-n', 'CIDATA', file], timeoutSeconds: 30 });
  const contents = {
    'meta-data': `instance-id: 1\nlocal-hostname: stick\npublic-keys:\n  - ${site.keys.user.public}\n`,
    'user-data': JSON.stringify({ disks: { devices: ['/dev/vda'], encryption: 'none', wipe: true } }),
    'network-config': `version: 1
config:
  - type: physical
    name: eth0
    mac_address: '${mac}'
    subnets:
      - {type: static, address: 10.0.2.15, netmask: 255.255.255.0, gateway: 10.0.2.2}
`,
  };
  for (const [name, text] of Object.entries(contents)) files.write(join(site.directory, name), text);
  const argv = ['mcopy', '-i', file, ...Object.keys(contents).map(name => join(site.directory, name)), '::/'];
  await run({ doing: 'filling the seed', argv, timeoutSeconds: 30 });
  return { file, serial: 'seed', interface: 'usb' };
}

async function startWithStick(site: Site): Promise<void> {
  const seed = await makeSeed(site);
  const disk = site.disk('target', 3072);
  fillWithForeignBytes(disk.file);
  const before = [await hashDisk(disk.file), await hashDisk(seed.file)];
  const machine = await site.startImage({
    name: 'stick',
    memoryMiB: 512,
    disks: [disk, seed],
    network: { mac },
    appended: [
      { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] } }) },
    ],
    limitSeconds: 200,
  });
  await stageDone(machine, 'rescue', 150);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'stick');
  assert.match(machine.console.text, /NoCloud on \/dev\/disk\/by-label\/CIDATA: hostName/);
  assert.match(machine.console.text, /10\.0\.2\.15\/24 \(static\)/);
  assert.match(machine.console.text, /only dabei\.seed=install/);
  assert.equal(await ssh.run('mount | grep -c /run/dabei/seed || true'), '0\n', 'it is unmounted');
  await machine.end();
  assert.deepEqual(
    [await hashDisk(disk.file), await hashDisk(seed.file)],
    before,
    'both disks are untouched',
  );
}

/** An ISO of a label. @param contents path on it -> text */
async function makeIso(
  site: Site,
  label: string,
  contents: Readonly<Record<string, string>>,
): Promise<DiskOptions> {
  await requireHostPackages({ '/usr/bin/xorriso': 'xorriso' });
  const directory = join(site.directory, label);
  const file = `${directory}.iso`;
  for (const [name, text] of Object.entries(contents)) files.write(join(directory, name), text);
  const argv = ['xorriso', '-as', 'mkisofs', '-quiet', '-J', '-R', '-V', label, '-o', file, directory];
  await run({ doing: `making the volume ${label}`, argv, timeoutSeconds: 60 });
  return { file, serial: label, interface: 'usb' };
}

interface Drive {
  name: string;
  about: string;
  label: string;
  contents: (key: string) => Readonly<Record<string, string>>;
  credentials?: Readonly<Record<string, string>>;
  parameters: readonly string[];
  stage: string;
  hostName: string;
  says: readonly RegExp[];
}

const wanted = JSON.stringify({
  hostName: 'user-data',
  disks: { devices: ['/dev/vda'], encryption: 'none' },
});

const drives: Drive[] = [
  {
    name: 'iso',
    about: 'NoCloud on an ISO, with dabei.seed=install: its configuration is planned',
    label: 'cidata',
    contents: key => ({
      'meta-data': `instance-id: 1\nlocal-hostname: iso\npublic-keys:\n  - ${key}\n`,
      'user-data': wanted,
    }),
    parameters: ['dabei.seed=install', 'dabei.mode=plan'],
    stage: 'plan',
    hostName: 'user-data',
    says: [
      /NoCloud on \/dev\/disk\/by-label\/cidata: hostName, rootAuthorizedKeys, a configuration/,
      /zpool create/,
    ],
  },
  {
    name: 'config-drive',
    about:
      'a config drive of OpenStack gives keys and addresses; its user-data names the machine, and does not install',
    label: 'config-2',
    contents: key => ({
      'openstack/latest/meta_data.json': JSON.stringify({ hostname: 'nova', public_keys: { me: key } }),
      'openstack/latest/network_data.json': JSON.stringify({
        links: [{ id: 'a', type: 'phy', ethernet_mac_address: mac }],
        networks: [
          {
            ...{ id: 'n', link: 'a', type: 'ipv4', ip_address: '10.0.2.15', netmask: '255.255.255.0' },
            routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.2.2' }],
          },
        ],
      }),
      'openstack/latest/user_data': wanted,
    }),
    parameters: [],
    stage: 'rescue',
    hostName: 'user-data',
    says: [
      /config drive on \S+config-2: hostName/,
      /10\.0\.2\.15\/24 \(static\)/,
      /only dabei\.seed=install/,
    ],
  },
  {
    name: 'credential',
    about: 'a credential in fw_cfg counts like a file of the initramfs, beside a seed: it is planned',
    label: 'cidata',
    contents: key => ({ 'meta-data': `instance-id: 1\nlocal-hostname: iso\npublic-keys:\n  - ${key}\n` }),
    credentials: { 'dabei.config': wanted.replace('user-data', 'credential') },
    parameters: ['dabei.mode=plan'],
    stage: 'plan',
    hostName: 'credential',
    says: [/the credential dabei\.config: disks, hostName/, /zpool create/],
  },
];

async function startWithDrive(site: Site, drive: Drive): Promise<void> {
  const volume = await makeIso(site, drive.label, drive.contents(site.keys.user.public));
  const disk = site.disk('target', 3072);
  fillWithForeignBytes(disk.file);
  const before = await hashDisk(disk.file);
  const machine = await site.startImage({
    name: drive.name,
    memoryMiB: 512,
    disks: [disk, volume],
    network: { mac },
    ...(drive.credentials === undefined ? {} : { system: { credentials: drive.credentials } }),
    appended: [
      { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] } }) },
    ],
    parameters: drive.parameters,
    limitSeconds: 200,
  });
  await stageDone(machine, drive.stage, 150);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), drive.hostName);
  const plan = drive.stage === 'plan' ? await ssh.run('dabei plan', { seconds: 90 }) : '';
  for (const pattern of drive.says) assert.match(machine.console.text + plan, pattern);
  await machine.end();
  assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
}

export const seedWorlds: World[] = [
  {
    name: 'seed-stick',
    about: 'a stick with a NoCloud seed gives name, keys and addresses; left in, it erases nothing',
    limitSeconds: 300,
    script: startWithStick,
  },
  ...drives.map(drive => ({
    name: `seed-${drive.name}`,
    about: drive.about,
    limitSeconds: 300,
    script: (site: Site) => startWithDrive(site, drive),
  })),
];
