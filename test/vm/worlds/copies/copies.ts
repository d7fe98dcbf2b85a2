import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { epochSeconds } from '../../../../agent/host/clock.ts';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { prepare } from '../../../../image/copies/request.ts';
import * as files from '../../../../image/lib/files.ts';
import { run } from '../../../../image/lib/host.ts';
import { installToFile, packImage, tableOf, type Packed } from '../../guests/disk-image.ts';
import { findSecrets, secretBytes } from '../../harness/keys.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import type { Site } from '../../harness/site.ts';
import { scanHostKeys, type Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';

/** `npm run disk-image`: one installation, copied to disks of other sizes. */

interface Row {
  firmware: 'bios' | 'uefi';
  format: 'raw.zst' | 'qcow2';
  /** Stage 1 then has an SSH server, with a host key of its own, and the rescue system has that key. */
  isEncrypted: boolean;
}

const rows: Row[] = [
  { firmware: 'bios', format: 'qcow2', isEncrypted: false },
  { firmware: 'uefi', format: 'raw.zst', isEncrypted: true },
];

export const copiesWorlds: World[] = rows.map(row => ({
  name: `disk-image-copies-${row.firmware}`,
  about: `${row.firmware === 'bios' ? 'BIOS' : 'UEFI'}: an image, copied to two larger disks: both are machines of their own, also in one machine, and after a power cut`,
  limitSeconds: 3000,
  script: site => script(site, row),
}));

/** What a machine says of itself. */
interface Identity {
  hostKey: string;
  unlockHostKey: string;
  hostId: string;
  machineId: string;
  poolGuid: string;
  /** GUIDs of the disk and its partitions. */
  guids: string[];
  own: string;
  poolBytes: number;
  /** Of the rescue system on the ESP: its host id, and how often it has the private host key of stage 1. */
  rescue: string;
}

async function script(site: Site, row: Row): Promise<void> {
  await compareCopies(site, row, await makeImage(site, row));
}

async function compareCopies(site: Site, row: Row, packed: Packed): Promise<void> {
  const { firmware, isEncrypted } = row;
  const { manifest } = packed;
  const [first, second] = [await copy(site, packed, 'first', 5120), await copy(site, packed, 'second', 4608)];

  const a = await start(site, row, 'a-first', [first]);
  const ownA = await identity(site, a.ssh);
  assert.match(a.console.text, /nix-dabei copy: this copy is its own now: /);
  await end(a);

  // The power fails once its GUIDs are changed.
  const cut = await site.start({ name: 'b-cut', ...guest(row, [second]) });
  await cut.console.waitFor(/nix-dabei copy: GUIDs, host id and host key of this copy are chosen/, 300);
  await cut.end();
  const chosen = await guidsOf(second);
  const b = await start(site, row, 'b-first', [second]);
  const ownB = await identity(site, b.ssh);
  assert.match(b.console.text, /nix-dabei copy: this copy is its own now: /);
  assert.deepEqual([...ownB.guids].sort(), [...chosen].sort(), 'what it chose before the power cut stays');
  await end(b);

  for (const [name, disk, own] of [
    ['first', first, ownA],
    ['second', second, ownB],
  ] as const) {
    assert.deepEqual(
      [...own.guids].sort(),
      [...(await guidsOf(disk))].sort(),
      `${name}: its own file names its GUIDs`,
    );
    assert.equal(
      own.poolGuid === manifest.pool.guid,
      false,
      `${name}: the pool has another GUID than the image`,
    );
    for (const { guid } of manifest.partitions)
      assert.ok(!own.guids.includes(guid), `${name}: ${guid} is the image's`);
    const zfs = (await tableOf(disk.file)).partitions.find(partition => partition.name === 'zfs')!;
    const slack = files.sizeOf(disk.file) - (zfs.start + zfs.size) * 512;
    assert.ok(slack <= 2 * 2 ** 20, `${name}: the last partition ends ${slack} bytes before the disk`);
    const image = manifest.partitions.at(-1)!.bytes;
    assert.ok(
      own.poolBytes > image,
      `${name}: the pool has ${own.poolBytes} bytes, the image's partition ${image}`,
    );
  }
  for (const key of ['hostKey', 'hostId', 'machineId', 'poolGuid'] as const)
    assert.notEqual(ownA[key], ownB[key], `${key} of the copies`);
  assert.deepEqual(
    ownA.guids.filter(guid => ownB.guids.includes(guid)),
    [],
    'GUIDs of both copies',
  );
  if (isEncrypted) assert.notEqual(a.unlockHostKey, b.unlockHostKey, 'host keys of stage 1');

  // Each is the machine that it was, with the other copy beside it, whichever is first, and a third that was never started.
  const third = await copy(site, packed, 'third', 4096);
  for (const [name, disks, own, key] of [
    ['a-beside', [first, second, third], ownA, a.unlockHostKey],
    ['b-beside', [second, first, third], ownB, b.unlockHostKey],
  ] as const) {
    const machine = await start(site, row, name, disks, own.hostKey);
    assert.doesNotMatch(machine.console.text, /nix-dabei copy:/, 'a copy that is its own has nothing to do');
    assert.deepEqual(await identity(site, machine.ssh), own, name);
    assert.equal(machine.unlockHostKey, key, `${name}: host key of stage 1`);
    assert.equal(await machine.ssh.run('zpool list -H -o name'), 'rpool\n');
    await end(machine);
  }

  // Two that were never started: nobody can tell which one this is.
  const fourth = await copy(site, packed, 'fourth', 4096);
  const both = await site.start({ name: 'both', ...guest(row, [third, fourth]) });
  await both.console.waitFor(
    /nix-dabei copy: FAILED: these disks are copies of one image, and none was started before: /,
    300,
  );
  await both.end();
  assert.equal((await tableOf(third.file)).id.toLowerCase(), manifest.disk.guid, 'nothing was changed');
  assert.equal(firmware, manifest.firmware);
}

async function makeImage(site: Site, { firmware, format, isEncrypted }: Row): Promise<Packed> {
  const { ssh: _, ...config }: ConfigInput = await site.installConfig();
  const given: ConfigInput = {
    ...config,
    disks: isEncrypted
      ? { devices: ['only'], key: site.keys.passphrase }
      : { devices: ['only'], encryption: 'none' },
    system: { ...config.system, rescue: true },
  };
  const bytes = Buffer.from(JSON.stringify(given));
  if (isEncrypted)
    assert.throws(() => prepare('host.json', bytes, false, epochSeconds()), { code: 'COPIES_SHARED_KEY' });
  const request = prepare('host.json', bytes, isEncrypted, epochSeconds());
  const options = { firmware, format, sizeMiB: 3072, memoryMiB: 1024, minutes: 15 };
  const lines: string[] = [];
  const disk = await installToFile(site, request, options, line => lines.push(line));
  const packed = await packImage(disk, join(site.directory, 'packed'), '0', request, options);
  files.remove(disk.file);
  for (const text of [lines.join('\n'), JSON.stringify(packed.manifest)])
    assert.deepEqual(findSecrets(text, secretBytes(site.keys)), [], 'secrets in the log or the manifest');
  assert.equal(await files.sha256(packed.file), packed.manifest.file.sha256);
  return packed;
}

/** As somebody writes it to a larger disk. */
async function copy(
  site: Site,
  { file, manifest }: Packed,
  name: string,
  megabytes: number,
): Promise<DiskOptions> {
  const disk = site.disk(name, megabytes);
  const argv: [string, ...string[]] =
    manifest.file.format === 'qcow2'
      ? ['qemu-img', 'convert', '-O', 'raw', file, disk.file]
      : ['zstd', '-q', '-d', '-f', '--sparse', file, '-o', disk.file];
  await run({ doing: `copying to ${name}`, argv, timeoutSeconds: 600 });
  // The others are the same file.
  if (name === 'first')
    assert.equal(await files.sha256(disk.file), manifest.disk.sha256, 'the copy is what the manifest says');
  truncateSync(disk.file, megabytes * 2 ** 20);
  return disk;
}

type Started = Machine & { ssh: Ssh; unlockHostKey: string };

const guest = ({ firmware }: Row, disks: readonly DiskOptions[]) => ({
  boot: { from: 'disk' } as const,
  memoryMiB: 768,
  limitSeconds: 900,
  firmware,
  disks,
});

/** @param hostKey of the system, where it is known already */
async function start(
  site: Site,
  row: Row,
  name: string,
  disks: readonly DiskOptions[],
  hostKey?: string,
): Promise<Started> {
  const machine = await site.start({ name, ...guest(row, disks) });
  let unlockHostKey = '';
  if (row.isEncrypted) {
    [unlockHostKey = ''] = await scanHostKeys(site.unlockPort, 400);
    const unlocking = site.ssh({ port: site.unlockPort, hostKey: unlockHostKey });
    const { stdout } = await unlocking.attempt('unlock', {
      stdin: `${site.keys.passphrase}\n`,
      seconds: 180,
    });
    assert.match(stdout, /rpool is unlocked/);
  }
  await machine.console.waitFor(/tiny-nixos: system up/, 400, [/FAILED.*$/m]);
  const [shown = ''] = await scanHostKeys(site.sshPort, 120);
  if (hostKey !== undefined) assert.equal(shown, hostKey, `${name}: the host key of the system`);
  const ssh = site.ssh({ hostKey: shown });
  await ssh.waitUntilUp(120);
  return { ...machine, ssh, unlockHostKey };
}

async function end({ ssh, waitForEnd }: Started): Promise<void> {
  await ssh.attempt('reboot', { seconds: 60 });
  await waitForEnd(180);
}

async function identity(site: Site, ssh: Ssh): Promise<Identity> {
  const [hostKey = ''] = await scanHostKeys(site.sshPort, 60);
  const own = await ssh.run('cat /etc/dabei/own');
  assert.equal(await ssh.run('cat /etc/dabei/copy'), '', 'the mark is gone');
  const [guid = '', bytes = ''] = (await ssh.run('zpool list -H -p -o guid,size rpool')).trim().split('\t');
  return {
    hostKey,
    unlockHostKey: await ssh.run('cat /etc/ssh/initrd_ssh_host_ed25519_key.pub'),
    hostId: (await ssh.run('od -An -tx4 /etc/hostid')).trim(),
    machineId: (await ssh.run('cat /etc/machine-id')).trim(),
    poolGuid: guid,
    guids: own.split('\n').flatMap(line => (line === '' ? [] : [line.split(' ')[0]!])),
    own,
    poolBytes: Number(bytes),
    rescue: await ssh.run(
      'grep -a -o \'"hostId":"[0-9a-f]*"\' /boot/dabei/rescue.cpio; grep -a -c "$(sed -n 3p /etc/ssh/initrd_ssh_host_ed25519_key)" /boot/dabei/rescue.cpio',
    ),
  };
}

async function guidsOf({ file }: DiskOptions): Promise<string[]> {
  const { id, partitions } = await tableOf(file);
  return [id, ...partitions.map(({ uuid }) => uuid)].map(guid => guid.toLowerCase());
}
