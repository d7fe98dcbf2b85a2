import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { cacheDirectory } from '../../../../image/lib/cache.ts';
import { attempt } from '../../../../agent/host/exec.ts';
import { image } from '../image.ts';
import { asDabeiError } from '../../../../agent/errors.ts';
import { isCrossed, target } from '../../../../image/lib/target.ts';

/**
 * KVM where it works. That /dev/kvm opens says little: inside of some virtual machines guests die at the first
 * instruction that the outer hypervisor does not emulate. So one small guest is tried, once a boot of this machine.
 */

type Accelerator = 'kvm' | 'tcg';

let answer: Promise<Accelerator> | undefined;

/** DABEI_ACCELERATOR=kvm or tcg overrules the trial. */
export function accelerator(): Promise<Accelerator> {
  return (answer ??= decide());
}

async function decide(): Promise<Accelerator> {
  if (isCrossed) return 'tcg';
  const asked = process.env['DABEI_ACCELERATOR'];
  if (asked === 'kvm' || asked === 'tcg') return asked;
  if (!files.exists('/dev/kvm') || !files.exists(image.kernel)) return 'tcg';
  const boot = files.readText('/proc/sys/kernel/random/boot_id').trim();
  const remembered = join(cacheDirectory, 'accelerator');
  const [knownBoot, known] = files.exists(remembered) ? files.readText(remembered).split(' ') : [];
  if (knownBoot === boot && (known === 'kvm' || known === 'tcg')) return known;
  const found = await tryKvm(image.kernel);
  files.write(remembered, `${boot} ${found}`);
  return found;
}

/** Without a root the kernel panics and, with panic=-1, resets at once, which ends QEMU: 1.5 s under TCG. */
async function tryKvm(kernel: string): Promise<Accelerator> {
  const guest = [
    '-kernel',
    kernel,
    '-append',
    `console=${target.serialConsoles[0]} panic=-1`,
    '-serial',
    'stdio',
    '-m',
    '256M',
  ];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'];
  try {
    const { stdout } = await attempt({
      doing: 'trying KVM',
      argv: [target.qemu.program, ...bare, '-accel', 'kvm', '-cpu', 'host', ...guest],
      timeoutSeconds: 5,
    });
    return stdout.includes('Kernel panic - not syncing: VFS') ? 'kvm' : 'tcg';
  } catch (error) {
    const { code } = asDabeiError(error, 'trying KVM');
    // Where KVM is only half there, QEMU hangs or aborts.
    if (code === 'COMMAND_TIMEOUT' || code === 'COMMAND_FAILED') return 'tcg';
    throw error;
  }
}
