import type { LogEntry } from '../../host/log.ts';
import type { Doors } from '../../host/doors.ts';
import { presentAddresses } from '../../host/machine/addresses.ts';
import { availableMemoryBytes, parseMemTotal } from '../../host/machine/facts.ts';
import { readMachine } from '../../host/machine/system.ts';
import { readStatus, type Status } from '../../host/status.ts';
import { formatEntry } from '../../host/log.ts';
import { authorizedLines } from '../../keys/authorized-keys.ts';
import { paths } from '../../paths.ts';
import { describeOnion } from '../../plan/tor/progress.ts';
import type { ScreenState } from '../../screen/state.ts';
import { version } from '../../version.ts';
import { observeOnion } from '../tor/observe.ts';

/** Reads what the status screen shows from files; it starts no program, so that it may run twice a second. */

export type Copied = Extract<LogEntry, { event: 'copied' }>;

/** Smaller changes are not worth a line on a serial console. */
const memoryStep = 16 * 2 ** 20;

/** @param copied the last report of what is being copied */
export function observe(doors: Doors, copied: Copied | null = null): ScreenState {
  const { files } = doors;
  const status = readStatus(doors);
  const { vendor, model } = readMachine(doors);
  const shell = files.readText(`${paths.consoleDirectory}/shell`)?.trim();
  const share = copied === null || copied.ofBytes === 0 ? 0 : copied.bytes / copied.ofBytes;
  return {
    product: `nix-dabei ${version}`,
    hostName: files.readText('/proc/sys/kernel/hostname')?.trim() || 'nix-dabei',
    machine: [vendor, model].filter(name => name !== null).join(' ') || null,
    memory: {
      freeBytes: Math.round(availableMemoryBytes(doors) / memoryStep) * memoryStep,
      totalBytes: parseMemTotal(files.readText('/proc/meminfo') ?? ''),
    },
    phase: status?.state ?? 'running',
    stage: { name: status?.stage ?? 'config', index: status?.index ?? 0, of: status?.of ?? 0 },
    copied: copied === null ? null : { share, text: formatEntry(copied) ?? '' },
    reasons: status?.reasons ?? [],
    links: presentAddresses(doors),
    sshPort: status?.sshPort ?? 22,
    onion: onionOf(doors, status),
    hostKeys: status?.hostKeys ?? [],
    login: loginOf(doors),
    shell: shell === 'root' || shell === 'password' ? shell : 'off',
  };
}

function loginOf({ files }: Doors): ScreenState['login'] {
  const password = files.readText(paths.screenPassword)?.trim();
  if (password) return { by: 'password', password };
  const keys = authorizedLines(files.readText('/root/.ssh/authorized_keys') ?? '');
  return { by: keys.length > 0 ? 'key' : 'nobody' };
}

function onionOf(doors: Doors, status: Status | null): ScreenState['onion'] {
  const onion = observeOnion(doors, status);
  return onion === null || onion.address === null
    ? null
    : { address: onion.address, note: describeOnion(onion) };
}
