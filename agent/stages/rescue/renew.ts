import { arch } from '../../arch.ts';
import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import type { Doors } from '../../host/doors.ts';
import { readDisks } from '../../host/machine/disks.ts';
import { fingerprint } from '../../keys/fingerprint.ts';
import { hostPublicKey } from '../../keys/host-key.ts';
import { paths } from '../../paths.ts';
import {
  ownSystemFile,
  switchEntry,
  withInclude,
  writeArchive,
  writeOwnSystem,
  type Archive,
} from '../../plan/rescue/renew.ts';
import { Secret } from '../../secret.ts';
import { version } from '../../version.ts';
import { executeSteps } from '../execute.ts';
import { withEsps } from './esps.ts';
import { archiveOf, type Here } from './installed.ts';
import { rescuedMachine } from './machine.ts';

/** Writes the rescue entry of a machine, or renews it. */

const doing = 'writing the rescue entry';

/**
 * Kernel and initrd of this start in place of those of the rescue entry, on every ESP that has one; the archive stays.
 * @returns sentences for people
 * @throws DabeiError RESCUE_ENTRY
 */
export async function renewSystem(doors: Doors): Promise<string[]> {
  requireKernel(doors);
  return withRescueEsps(doors, async esps => {
    await executeSteps(doors, writeOwnSystem(esps, ''));
    await executeSteps(doors, switchEntry(esps, ownSystem(doors)));
    return [`the rescue entry on ${count(esps)} starts nix-dabei ${version}`];
  });
}

/**
 * The archive once more, from the files of this rescue system: who is no longer in /root/.ssh/authorized_keys cannot log in at the next
 * start. Needs no passphrase.
 * @throws DabeiError RESCUE_MACHINE; RESCUE_ENTRY
 */
export async function refreshFromHere(doors: Doors): Promise<string[]> {
  const { files } = doors;
  const { pool } = rescuedMachine(doors, doing);
  const keys = files.readText('/root/.ssh/authorized_keys') ?? '';
  if (keys.trim() === '') throw noKeys('/root/.ssh/authorized_keys');
  const hostKeys = files.list('/etc/ssh').filter(name => /^ssh_host_\w+_key$/.test(name));
  return withRescueEsps(doors, async esps => {
    const archive: Archive = {
      machine: files.readText(`${paths.bootDirectory}/dabei/machine.json`)!,
      keys,
      hostKeys: hostKeys.map(name => `/etc/ssh/${name}`),
      parameters: '',
      pool: pool?.name ?? null,
    };
    await executeSteps(doors, writeArchive(archive, esps, ''));
    return [refreshed(archive, esps), untilRebuild];
  });
}

/**
 * The whole entry of the system that is mounted at `root`, or, with `refresh`, its archive alone.
 * @throws DabeiError RESCUE_ENTRY
 */
export async function writeEntry(
  doors: Doors,
  root: string,
  refresh: boolean,
  here: Here,
): Promise<string[]> {
  const { files } = doors;
  if (!refresh) requireKernel(doors);
  const esps = mountedEsps(doors, root);
  const places = esps.map(({ path }) => path);
  if (places.length === 0)
    throw new DabeiError('RESCUE_ENTRY', {
      doing,
      problem: `no ESP with a boot menu of systemd-boot or GRUB is mounted below ${root}`,
      remedy: `mount it, for example at ${root}/boot; a /boot without a vfat partition of its own cannot have the entry`,
    });
  const archive = await archiveOf(doors, root, esps, here);
  if (!refresh) await executeSteps(doors, writeOwnSystem(places, root));
  await executeSteps(doors, writeArchive(archive, places, refresh ? '' : ownSystem(doors)));
  if (refresh) return [refreshed(archive, places)];
  let included = false;
  for (const esp of places) {
    const menu = `${esp}/grub/grub.cfg`;
    const text = files.exists(`${esp}/loader/entries`) ? null : files.readText(menu);
    if (text === null || withInclude(text) === text) continue;
    files.writeAtomic(menu, withInclude(text), 0o600);
    included = true;
  }
  const [key] = archive.hostKeys;
  return [
    `"nix-dabei rescue" is in the boot menu on ${count(places)}: nix-dabei ${version}, ssh -p 2222 root@ADDRESS`,
    ...(key === undefined ? [] : [`its host key: ${fingerprintOf(doors, key)}`]),
    ...(included ? ['the next nixos-rebuild takes it out of the menu of GRUB, unless the configuration has nixosModules.rescue'] : []),
    untilRebuild,
  ]; // prettier-ignore
}

const untilRebuild =
  'nixos-rebuild keeps its keys and addresses up to date with nixosModules.rescue; without it, run "dabei rescue-entry --root /mnt --refresh" in the rescue system';

function refreshed({ keys }: Archive, esps: readonly string[]): string {
  const lines = keys.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#')).length;
  return `the rescue entry on ${count(esps)} has ${lines} authorized ${lines === 1 ? 'key' : 'keys'}, from the next start on`;
}

const count = (esps: readonly string[]) => (esps.length === 1 ? '1 ESP' : `${esps.length} ESPs`);

function fingerprintOf({ files }: Doors, path: string): string {
  return fingerprint(hostPublicKey(new Secret(files.readText(path)!)));
}

function ownSystem({ files }: Doors): string {
  return files.readText(ownSystemFile)!.trim();
}

/** @throws DabeiError RESCUE_ENTRY if this start did not bring its own kernel along */
function requireKernel({ files }: Doors): void {
  if (files.exists(paths.kernel)) return;
  throw new DabeiError('RESCUE_ENTRY', {
    doing,
    problem: 'this start did not bring its own kernel along, and a running kernel cannot give its file',
    remedy: `copy the ${arch.kernel.image} of the same bundle to ${paths.kernel}, or start it in one of the ways of docs/rescue.md`,
  });
}

function noKeys(path: string): DabeiError {
  return new DabeiError('RESCUE_ENTRY', {
    doing,
    problem: `${path} has no key, so nobody could log in to the rescue system`,
    remedy: 'leave one key',
  });
}

/** All ESPs of the machine that have a rescue entry; whose machine it is does not matter. */
async function withRescueEsps<T>(doors: Doors, work: (esps: readonly string[]) => Promise<T>): Promise<T> {
  const disks: readonly Disk[] = await readDisks(doors);
  const devices = disks.flatMap(({ contents }) =>
    contents.flatMap(({ device, deviceType, signature }) =>
      deviceType === 'part' && signature === 'vfat' ? [device] : [],
    ),
  );
  try {
    const look = (all: readonly string[], present: readonly string[]) =>
      present.filter((_, index) => doors.files.exists(`${all[index]}/dabei/rescue.cpio`));
    const found = await withEsps(doors, devices, look, 'looking');
    if (found.length > 0) return await withEsps(doors, found, work);
    throw new DabeiError('RESCUE_ENTRY', {
      doing,
      problem: 'no ESP of this machine has a rescue entry',
      remedy: 'mount the installed system at /mnt, with its ESPs, and run: dabei rescue-entry --root /mnt',
    });
  } catch (thrown) {
    throw asDabeiError(thrown, doing);
  }
}

/** vfat below `root` with a boot menu (proc_pid_mounts(5)). */
function mountedEsps({ files }: Doors, root: string): { path: string; device: string }[] {
  const lines = (files.readText('/proc/self/mounts') ?? '').split('\n').map(line => line.split(' '));
  return lines.flatMap(([device = '', path = '', kind]) => {
    const isBelow = kind === 'vfat' && path.startsWith(`${root}/`);
    const hasMenu =
      isBelow && ['loader/entries', 'grub/grub.cfg'].some(each => files.exists(`${path}/${each}`));
    return hasMenu ? [{ path, device }] : [];
  });
}
