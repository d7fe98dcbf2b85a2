import assert from 'node:assert/strict';
import { makeBusybox } from '../../guests/busybox.ts';
import { makeDebian, staticNetwork, type OldSystem } from '../../guests/debian.ts';
import { byBash, byWget, oldUp, openOld, type Fetching, type Old } from '../../guests/leave.ts';
import { withSecureBoot } from '../../guests/secure-boot.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { assertRefused, type Refusal } from './refusals.ts';

/** Kernels that take only what is signed, which the image is not. */

const underSecureBoot: Refusal[] = [
  { codes: ['PREFLIGHT_LOCKDOWN'] },
  { codes: ['PREFLIGHT_LOCKDOWN'], options: '--install --disk /dev/vda --wipe' },
  // The image cannot be mounted, and a shell has to find it out.
  {
    codes: ['PREFLIGHT_LOCKDOWN'],
    prepare: 'modprobe -r squashfs; mv /lib/modules/*/kernel/fs/squashfs /tmp',
    undo: 'mv /tmp/squashfs /lib/modules/*/kernel/fs/',
  },
];

/** Kernels by either system call: what the firmware's keys have signed is taken by the second alone, and ours by neither. */
async function assertSignaturesCount({ ssh }: Old): Promise<void> {
  const load = (way: string, kernel: string) =>
    ssh.attempt(`./kexec/kexec ${way} --load ${kernel} --initrd=kexec/initrd --command-line=quiet`, {
      seconds: 120,
    });
  const loaded = async () => (await ssh.run('cat /sys/kernel/kexec_loaded')).trim();
  for (const way of ['-c', '-s']) {
    const { exitCode, stderr } = await load(way, 'kexec/bzImage');
    assert.notEqual(exitCode, 0, way);
    assert.match(stderr, /Operation not permitted|Permission denied|No data available|Required key not/, way);
  }
  assert.equal(await loaded(), '0');
  assert.notEqual((await load('-c', '/vmlinuz')).exitCode, 0);
  const signed = await load('-s', '/vmlinuz');
  assert.equal(signed.exitCode, 0, signed.stderr);
  assert.equal(await loaded(), '1');
  await ssh.run('./kexec/kexec -s -u');
  assert.equal(await loaded(), '0');
}

interface Row {
  name: string;
  about: string;
  make: (site: Site) => Promise<OldSystem>;
  fetching: Fetching;
}

const rows: Row[] = [
  {
    name: 'kexec-secure-boot',
    about:
      'Debian 13 under Secure Boot: only signed kernels are taken, which is said, and it runs on, unchanged',
    make: site => makeDebian(site, { network: staticNetwork }),
    fetching: byBash,
  },
  {
    name: 'kexec-secure-boot-busybox',
    about: "the same of Debian's boot chain and kernel with busybox, which is quicker",
    make: site => makeBusybox(site, 'static'),
    fetching: byWget,
  },
];

function secureBootWorld({ name, about, make, fetching }: Row): World {
  return {
    name,
    about,
    limitSeconds: 900,
    script: async site => {
      const system = await withSecureBoot(site, await make(site));
      const old = await openOld(site, system, { memoryMiB: 768 }, fetching);
      const { ssh, machine } = old;
      await ssh.run('touch /run/stamp');
      // Attributes in four bytes, then the value.
      const variable = await ssh.run('od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*');
      assert.match(variable, /^(\s+\d+){4}\s+1\s*$/);
      assert.match(await ssh.run('cat /sys/kernel/security/lockdown'), /\[integrity\]/);
      for (const row of underSecureBoot) {
        const said = await assertRefused(old, row);
        assert.match(said, /next: switch Secure Boot off in the firmware/);
      }
      await assertSignaturesCount(old);
      // It also starts again as before.
      await ssh.attempt('reboot', { seconds: 30 });
      await machine.waitForEnd(120);
      await oldUp(await old.again(), ssh);
      assert.match(await ssh.run('cat /sys/kernel/security/lockdown'), /\[integrity\]/);
    },
  };
}

export const kexecSignatureWorlds: World[] = [
  ...rows.map(secureBootWorld),
  {
    name: 'kexec-ima',
    about:
      "an integrity policy of Debian's kernel that nobody can read: said when it does not take the image",
    limitSeconds: 600,
    script: async site => {
      const old = await openOld(site, await makeBusybox(site, 'static'), { memoryMiB: 512 }, byWget);
      await old.ssh.run('touch /run/stamp');
      const policy = '/sys/kernel/security/ima/policy';
      assert.notEqual((await old.ssh.attempt(`cat ${policy}`)).exitCode, 0, 'the policy is not for reading');
      const said = await assertRefused(old, {
        codes: ['PREFLIGHT_IMA'],
        prepare: `echo "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig" >${policy}`,
      });
      assert.match(said, /next: .*ima_policy=/);
    },
  },
];
