import assert from 'node:assert/strict';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../../agent/errors.ts';
import { run } from '../../../../image/lib/host.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import type { Site } from '../../harness/site.ts';
import { ownersLayouts, serveLayout, type OwnersLayout } from '../../guests/disko-flakes.ts';
import { stageFailed, startInstall } from '../../guests/install.ts';
import { withTools } from '../../guests/tools.ts';
import type { World } from '../../world.ts';
import { disksOf, keyPath, layoutConfig } from './install.ts';

/** What must end an installation with the flake's own layout, and which disks are then, byte for byte, what they were. */
interface Row {
  name: string;
  about: string;
  layout: OwnersLayout;
  disks?: Partial<NonNullable<ConfigInput['disks']>>;
  /** The image alone, without the second initrd. */
  withoutTools?: true;
  /** The first disk holds a partition table. */
  holdsData?: true;
  stage: string;
  code: ErrorCode;
  says: RegExp;
  /** Of the two disks; the second one is never named. */
  untouched: readonly number[];
}

const { luks, btrfs, lvm } = ownersLayouts;
const both = [0, 1];
const onlySecond = [1];

const rows: Row[] = [
  {
    name: 'other-disk',
    about: 'the script names a disk that disks.devices does not name, and the other way round',
    layout: luks,
    disks: { devices: ['/dev/vdb'] },
    stage: 'evaluate',
    code: 'DISKO_DISKS',
    says: /"\/dev\/vda", which is not in disks\.devices[^]*disks\.devices names \/dev\/vdb /,
    untouched: both,
  },
  {
    name: 'second-disk',
    about: 'the layout uses one disk more than disks.devices names',
    layout: lvm,
    disks: { devices: ['/dev/vda'] },
    stage: 'evaluate',
    code: 'DISKO_DISKS',
    says: /"\/dev\/vdb", which is not in disks\.devices/,
    untouched: both,
  },
  {
    name: 'foreign-data',
    about:
      'a disk with partitions, and no word that they may be erased: refused before anything is evaluated',
    layout: luks,
    holdsData: true,
    stage: 'plan',
    code: 'DISK_FOREIGN_DATA',
    says: /\/dev\/vda1 unknown[^]*disks\.wipe/,
    untouched: both,
  },
  {
    name: 'missing-program',
    about: 'the script needs programs of the second initrd, which was not loaded',
    layout: btrfs,
    withoutTools: true,
    stage: 'evaluate',
    code: 'DISKO_PROGRAM',
    says: /not in this image: .*btrfs[^]*"tools"/,
    untouched: both,
  },
  {
    name: 'no-layout',
    about: 'the flake has no layout at all',
    layout: { ...luks, devices: [], script: '#!/usr/bin/env bash\n' },
    stage: 'evaluate',
    code: 'DISKO_DISKS',
    says: /disks\.devices names \/dev\/vda .*does not use/,
    untouched: both,
  },
  {
    name: 'missing-key',
    about: 'a key that the layout reads is not in disks.keyFiles: refused before the script runs',
    layout: luks,
    disks: { keyFiles: [] },
    stage: 'evaluate',
    code: 'DISKO_KEY',
    says: /reads "\/tmp\/disk\.key"[^]*disks\.keyFiles/,
    untouched: both,
  },
  {
    name: 'other-mounts',
    about: 'the script mounts other things than the system: found before Nix writes anything',
    layout: {
      ...btrfs,
      fileSystems: { ...btrfs.fileSystems, '/home': ['/dev/disk/by-partlabel/disk-main-root', 'btrfs', ['subvol=data']], '/var': ['/dev/vda9', 'ext4'] }, // prettier-ignore
    },
    stage: 'nuke-disk',
    code: 'DISKO_MOUNTS',
    says: /\/home is to be .*\/data, but .*\/home[^]*\/var is to be \/dev\/vda9/,
    untouched: onlySecond,
  },
  {
    name: 'hidden-disk',
    about: 'a script that writes to a disk whose name it only makes when it runs: the kernel does not let it',
    layout: {
      ...luks,
      script: `${luks.script}bus=/dev/vd; dd if=/dev/zero of="$bus"b bs=1M count=1 conv=fsync\n`,
    },
    stage: 'nuke-disk',
    code: 'DISKO_SCRIPT',
    says: /Operation not permitted|not permitted|Read-only/,
    untouched: onlySecond,
  },
];

export const refuseDiskoWorlds: World[] = rows.map(row => ({
  name: `refuse-disko-${row.name}`,
  about: row.about,
  limitSeconds: 900,
  script: site => refuse(site, row),
}));

async function refuse(site: Site, row: Row): Promise<void> {
  const disks = disksOf(site, 2);
  const [first, second] = disks;
  fillWithForeignBytes(second!.file);
  if (row.holdsData) {
    const argv = ['sgdisk', '--new=1:0:+512M', first!.file];
    await run({ doing: 'partitioning a disk', argv, timeoutSeconds: 60 });
  }
  const before = await Promise.all(disks.map(({ file }) => hashDisk(file)));
  const flake = await serveLayout(site, row.layout);
  const config = await layoutConfig(site, row.layout, { flake }, { devices: ['/dev/vda'], ...row.disks });
  const machine = await startInstall(site, config, {
    ...{ memoryMiB: 1024, firmware: 'uefi', disks },
    ...(row.withoutTools ? {} : { damage: await withTools(site) }),
  });
  assert.deepEqual(await stageFailed(machine, 600), { stage: row.stage, code: row.code });
  const explanation = machine.console.text.slice(machine.console.text.indexOf(`error ${row.code}`));
  assert.match(explanation, row.says);
  assert.match(explanation, /next: \S/, 'the message says what to do');
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  const { code, state } = JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>;
  assert.deepEqual({ code, state }, { code: row.code, state: 'failed' });
  assert.equal(await ssh.run(`ls ${keyPath} 2>/dev/null || echo gone`), 'gone\n', 'the key file');
  await machine.end();
  for (const index of row.untouched)
    assert.equal(await hashDisk(disks[index]!.file), before[index], `disk ${index + 1} is untouched`);
}
