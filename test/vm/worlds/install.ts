import assert from 'node:assert/strict';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import {
  assertNoSecretOnDisk,
  bootInstalled,
  finishInstall,
  startInstall,
  type UnlockWay,
} from '../guests/install.ts';
import { target } from '../../../image/lib/target.ts';
import { memoryBudget, moreMemoryMiB } from '../harness/memory-budget.ts';
import type { World } from '../world.ts';
import type { Site } from '../harness/site.ts';
import { scanHostKeys, type Ssh } from '../harness/ssh.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';

/** Whole installations: an empty disk in, a machine that boots by itself out. */

interface Row {
  name: string;
  about: string;
  firmware: 'bios' | 'uefi';
  memoryMiB: number;
  disk?: Partial<DiskOptions>;
  device?: string;
  unlock: UnlockWay;
}

/** Where there is no BIOS, the published minimum is with UEFI, which takes some memory from the kernel. */
const leastUefiMiB = memoryBudget.install + (target.grubBiosTarget === null ? 0 : 48);

const rows: Row[] = [
  {
    name: 'bios',
    about: `BIOS, virtio disk, DHCP, ${memoryBudget.install} MiB of memory: install, boot from disk, unlock over SSH`,
    firmware: 'bios',
    memoryMiB: memoryBudget.install,
    unlock: 'ssh',
  },
  {
    name: 'uefi',
    about: 'UEFI, NVMe disk, DHCP: install, boot from disk, unlock at the console',
    firmware: 'uefi',
    memoryMiB: 1024,
    disk: { interface: 'nvme' },
    device: '/dev/nvme0n1',
    unlock: 'console',
  },
  {
    name: 'uefi-least',
    about: `UEFI, virtio disk, DHCP, ${leastUefiMiB} MiB of memory: install, boot from disk, unlock over SSH`,
    firmware: 'uefi',
    memoryMiB: leastUefiMiB,
    unlock: 'ssh',
  },
  {
    name: 'small-memory',
    about: '384 MiB of memory, BIOS, SATA disk: install, boot from disk, unlock',
    firmware: 'bios',
    memoryMiB: 384,
    disk: { interface: 'ide' },
    device: '/dev/sda',
    unlock: 'ssh',
  },
];

export const installWorlds: World[] = rows.map(row => ({
  name: `install-${row.name}`,
  about: row.about,
  limitSeconds: 1500,
  everywhere: row.firmware === 'uefi',
  script: async (site, report) => {
    const { firmware } = row;
    const memoryMiB = row.memoryMiB + moreMemoryMiB();
    const disk = site.disk('target', 4096, row.disk);
    const config = await site.installConfig({
      disks: { devices: [row.device ?? '/dev/vda'], key: site.keys.passphrase },
    });
    const install = await startInstall(site, config, { memoryMiB, firmware, disks: [disk] });
    const { leastFreeMiB, leaks } = await finishInstall(site, install);
    report.leastFreeMiB = leastFreeMiB;
    assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
    assertStages(install.console.text, install.console.stages);
    assert.match(install.console.text, /ssh .*-p 2222 /, 'the last lines say how to unlock');

    // The installed system is another one, with needs of its own.
    const guest = { memoryMiB: Math.max(384, memoryMiB), firmware, disks: [disk] };
    const unlocking = { by: row.unlock, wrongFirst: true };
    const { machine, ssh, unlockHostKey } = await bootInstalled(site, guest, unlocking);
    await assertInstalled(site, ssh, unlockHostKey);
    await machine.end();
    await assertNoSecretOnDisk(site, disk);
  },
}));

function assertStages(
  text: string,
  stages: readonly { index: number; of: number; name: string; state: string }[],
): void {
  const done = stages
    .filter(stage => stage.state === 'done')
    .map(({ index, of, name }) => `${index}/${of} ${name}`);
  assert.deepEqual(done, [
    '1/10 config',
    '2/10 network',
    '3/10 ssh',
    '4/10 plan',
    '5/10 evaluate',
    '6/10 nuke-disk',
    '7/10 host-flake',
    '8/10 install',
    '9/10 boot-loader',
    '10/10 finish',
  ]);
  assert.doesNotMatch(text, /^error /m);
}

/** What must be true of an installed system, asked over SSH; that the host key is the given one, the client checks too. */
export async function assertInstalled(site: Site, ssh: Ssh, unlockHostKey: string): Promise<void> {
  const { host } = site.keys;
  assert.notEqual(
    unlockHostKey,
    host.public,
    'the SSH server that lies readable on the ESP has a key of its own',
  );

  const shown = await scanHostKeys(site.sshPort, 90);
  assert.deepEqual(shown, [host.public], 'the installed system shows the given host key and no other');

  const encryption = await ssh.run('zfs get -H -o property,value encryption,keystatus,keylocation rpool');
  assert.equal(encryption, 'encryption\taes-256-gcm\nkeystatus\tavailable\nkeylocation\tprompt\n');
  const datasets = await ssh.run('zfs list -H -o name,encryption -r rpool');
  for (const line of datasets.trim().split('\n'))
    assert.match(line, /\taes-256-gcm$/, 'every dataset is encrypted');
  assert.match(await ssh.run('zfs list -H -t snapshot -o name'), /^rpool\/local\/root@blank$/m);
  assert.match(await ssh.run('cat /proc/mounts'), /^rpool\/local\/root \/ zfs /m);
  assert.match(await ssh.run('cat /proc/swaps'), /^\/dev\/(dm-|mapper\/)/m, 'swap is on an encrypted device');

  const log = await ssh.run('cat /var/log/dabei.jsonl');
  const entries = log
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; name?: string; state?: string });
  assert.ok(
    entries.some(({ event, name, state }) => event === 'stage' && name === 'install' && state === 'done'),
    'the log of the installation is on the installed system',
  );

  const secrets = secretBytes(site.keys);
  const visible = {
    'log of the installation': log,
    'kernel messages': await ssh.run('dmesg'),
    'command lines and environments': await ssh.run(
      "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'",
    ),
    'kernel command line': await ssh.run('cat /proc/cmdline'),
  };
  for (const [what, text] of Object.entries(visible)) {
    assert.deepEqual(findSecrets(text, secrets), [], `secrets in ${what}`);
  }
  // The patterns come on standard input: on a command line they would be the leak.
  const patterns = [site.keys.passphrase, host.private.trim().split('\n')[3]!].join('\n') + '\n';
  const store = await ssh.attempt('grep -rlF -f - /nix/store /boot /var/log', {
    stdin: patterns,
    seconds: 300,
  });
  assert.equal(store.stdout, '', 'secrets in the store, on the ESP or in logs');
}
