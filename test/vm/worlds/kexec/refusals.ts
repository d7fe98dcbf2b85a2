import assert from 'node:assert/strict';
import { staticNetwork } from '../../guests/debian.ts';
import { openDebian, type Old } from '../../guests/leave.ts';
import type { World } from '../../world.ts';

/** Every reason not to leave that a virtual machine can be given, for real, on a Debian that runs on. */

export interface Refusal {
  /** Codes of the reasons, all of which are told. */
  codes: readonly string[];
  options?: string;
  /** Shell: what brings the reason about, what stands before `run`, and what takes it back. */
  prepare?: string;
  before?: string;
  undo?: string;
}

const rows: Refusal[] = [
  { codes: ['PREFLIGHT_ARCHITECTURE'], before: 'setarch i686' },
  { codes: ['PREFLIGHT_CONTAINER'], before: 'unshare --fork --pid --mount-proc' },
  {
    codes: ['PREFLIGHT_MEMORY'],
    prepare:
      "mount -t tmpfs -o size=1G tmpfs /mnt; head -c $(awk '/MemAvailable/ {print ($2 - 60000) * 1024}' /proc/meminfo) /dev/zero >/mnt/ballast",
    undo: 'umount /mnt',
  },
  {
    codes: ['PREFLIGHT_NO_DEFAULT_ROUTE'],
    // The host of the network stays in reach, or there is nobody left to be told.
    prepare: `ip route save default >/tmp/4; ip -6 route save default >/tmp/6
ip route add 10.0.2.2 $(ip -o route show default | grep -o "dev [^ ]*"); ip route del default; ip -6 route del default`,
    undo: 'ip route restore </tmp/4; ip -6 route restore </tmp/6; ip route del 10.0.2.2; rm /tmp/4 /tmp/6',
  },
  { codes: ['PREFLIGHT_ROOT_ELSEWHERE'], options: '--install --disk /dev/vdb' },
  { codes: ['DISK_FOREIGN_DATA'], options: '--install --disk /dev/vda' },
  { codes: ['DISK_NOT_FOUND'], options: '--install --disk /dev/vdz --wipe' },
  { codes: ['PREFLIGHT_COMMAND_LINE'], options: `--append ${'x'.repeat(2048)}` },
  {
    codes: ['PREFLIGHT_IMAGE_HASH'],
    prepare: 'cp -p kexec/initrd whole; truncate -s -1 kexec/initrd',
    undo: 'mv whole kexec/initrd',
  },
  {
    codes: ['PREFLIGHT_IMAGE_HASH'],
    prepare:
      'cp -p kexec/bzImage whole; printf x | dd of=kexec/bzImage bs=1 seek=100000 conv=notrunc status=none',
    undo: 'mv whole kexec/bzImage',
  },
  {
    codes: ['PREFLIGHT_NO_DRIVER'],
    prepare: 'ip route add default dev stranger metric 7',
    undo: 'ip route del default dev stranger',
  },
  {
    codes: ['DISK_FOREIGN_DATA', 'PREFLIGHT_COMMAND_LINE'],
    options: `--install --disk /dev/vda --append ${'x'.repeat(2048)}`,
  },
  // Not to be taken back before a restart, so they come last.
  { codes: ['PREFLIGHT_LOCKDOWN'], prepare: 'echo integrity >/sys/kernel/security/lockdown' },
  {
    codes: ['PREFLIGHT_LOCKDOWN', 'PREFLIGHT_KEXEC_DISABLED'],
    prepare: 'echo 1 >/proc/sys/kernel/kexec_load_disabled',
  },
];

/** What must be the same before and after. */
const stateOfSystem =
  'cat /sys/kernel/kexec_loaded /proc/mounts; ip address show | grep inet; ' +
  'losetup -a; find /etc /root /boot -type f -newer /run/stamp; ls -A kexec';

/** Brings a refusal about. @returns what was said, standard error */
export async function assertRefused(
  { ssh }: Old,
  { codes, options = '', prepare = 'true', before = '', undo = 'true' }: Refusal,
): Promise<string> {
  const what = `${codes.join(', ')}: run ${options.slice(0, 60)}`;
  const untouched = await ssh.run(stateOfSystem);
  await ssh.run(prepare, { seconds: 60 });
  const result = await ssh.attempt(`${before} ./kexec/run ${options} </dev/null`, { seconds: 180 });
  await ssh.run(undo);
  assert.equal(result.exitCode, 10, `${what}\n${result.stdout}\n${result.stderr}`);
  const found = [...result.stderr.matchAll(/^error ([A-Z_]+): /gm)].map(([, code]) => code);
  assert.deepEqual(found.sort(), [...codes].sort(), what + result.stderr);
  assert.equal(result.stderr.match(/^ {2}next: ./gm)?.length, codes.length, what);
  assert.equal(await ssh.run(stateOfSystem), untouched, what);
  return result.stderr;
}

export const kexecRefusalWorlds: World[] = [
  {
    name: 'kexec-refused',
    about: 'what speaks against it is said, with exit code 10, and Debian 12 runs on, unchanged',
    limitSeconds: 1200,
    script: async site => {
      const old = await openDebian(
        site,
        { release: 'bookworm', network: staticNetwork },
        {
          memoryMiB: 640,
          disks: [site.disk('other', 4096)],
          // PCnet: Debian's kernel for all hardware has a driver, the image has none.
          networks: [{ forward: site.sshForward }, { subnet: 9, model: 'pcnet', restrict: true }],
          limitSeconds: 1150,
        },
      );
      const { ssh } = old;
      const card = '$(basename /sys/bus/pci/drivers/pcnet32/0*/net/*)';
      await ssh.run(
        `touch /run/stamp; ip link set ${card} name stranger; echo 1 >/proc/sys/net/ipv6/conf/stranger/disable_ipv6; ip link set stranger up`,
      );
      const unknown = await ssh.attempt('./kexec/run --nonsense', { seconds: 30 });
      assert.equal(unknown.exitCode, 2);
      for (const row of rows) await assertRefused(old, row);
    },
  },
];
