import { cleanLine } from '../../clean-text.ts';
import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Content, Disk } from '../../facts.ts';
import type { Doors } from '../../host/doors.ts';
import { readDisks } from '../../host/machine/disks.ts';

/** Public keys from outside: an address, a USB stick. */

/** A user of GitHub has a few keys of 100 to 800 bytes. */
const limitBytes = 64 * 1024;

/**
 * Fetches authorized keys. Follows no redirection: it would be from somebody else than the address says.
 * @throws DabeiError HTTP
 */
export async function fetchKeys({ network }: Doors, url: string): Promise<{ name: string; text: string }[]> {
  const doing = 'fetching authorized keys';
  const outcome = await network.exchange({ url, headers: {}, ca: null, limitBytes, timeoutSeconds: 20 });
  if ('failure' in outcome) throw new DabeiError('HTTP', { doing, problem: `${url}: ${outcome.failure}` });
  if (outcome.status === 200) return [{ name: url, text: outcome.body.toString('utf8') }];
  const { location } = outcome.headers;
  const problem =
    outcome.status >= 300 && outcome.status < 400 && location !== undefined
      ? `${url} redirects to ${JSON.stringify(location)}: give that address if you trust it`
      : `${url}: the server answered ${outcome.status}`;
  throw new DabeiError('HTTP', { doing, problem });
}

const mountPoint = '/run/dabei/stick';
/** Of a file, as people see it. */
const longestName = 100;

/** Options that keep mount(8) from writing to an ext4 that was not unmounted: its journal is left alone (ext4(5), norecovery). */
const fileSystems: Readonly<Record<string, string>> = {
  vfat: 'ro,nosuid,nodev,noexec',
  iso9660: 'ro,nosuid,nodev,noexec',
  ext2: 'ro,nosuid,nodev,noexec',
  ext4: 'ro,nosuid,nodev,noexec,norecovery',
};

/**
 * Reads *.pub and authorized_keys from the root, and from .ssh, of every removable medium; mounts them read-only for that.
 * @returns "/dev/sdb1: me.pub" and the text, for each file
 * @throws DabeiError FILE if there is no medium that can be read
 */
export async function readStickKeys(doors: Doors): Promise<{ name: string; text: string }[]> {
  const doing = 'looking for a USB stick';
  const disks = await readDisks(doors);
  const volumes = disks.filter(isStick).flatMap(({ contents }) => contents.filter(isVolume));
  if (volumes.length === 0)
    throw new DabeiError('FILE', { doing, problem: 'there is no USB stick with a file system that can be read' });
  const found: { name: string; text: string }[] = [];
  const problems: string[] = [];
  for (const volume of volumes) {
    try {
      found.push(...(await readVolume(doors, volume)));
    } catch (thrown) {
      problems.push(asDabeiError(thrown, doing).problem);
    }
  }
  if (found.length > 0) return found;
  const names = volumes.map(({ device }) => device).join(', ');
  const problem = problems.length > 0 ? problems.join('; ') : `no *.pub and no authorized_keys in the root directory of ${names}`;
  throw new DabeiError('FILE', { doing, problem });
} // prettier-ignore

const isStick = ({ removable, transport, notHardware }: Disk) =>
  (removable || transport === 'usb') && notHardware === undefined;

const isVolume = ({ signature, mountPoints }: Content) =>
  signature !== null && signature in fileSystems && mountPoints.length === 0;

async function readVolume(doors: Doors, { device, signature }: Content): Promise<{ name: string; text: string }[]> {
  const { exec, files } = doors;
  files.makeDirectory(mountPoint, 0o700);
  const options = fileSystems[signature ?? ''] ?? 'ro';
  const argv = ['mount', '-t', signature ?? 'auto', '-o', options, device, mountPoint];
  await exec.run({ doing: `mounting ${device}`, argv, timeoutSeconds: 30 });
  try {
    return ['', '.ssh/'].flatMap(directory =>
      files
        .list(`${mountPoint}/${directory}`)
        .filter(name => /^(authorized_keys|.+\.pub)$/.test(name))
        .flatMap(name => {
          const path = `${mountPoint}/${directory}${name}`;
          // Neither links, which may lead elsewhere, nor pipes, which would block.
          const isFile = files.readLink(path) === null && (files.sizeOf(path) ?? 0) > 0;
          const bytes = isFile ? files.readStart(path, limitBytes) : null;
          return bytes === null ? [] : [{ name: cleanLine(`${device}: ${directory}${name}`, longestName), text: bytes.toString('utf8') }];
        }),
    );
  } finally {
    await exec.attempt({ doing: `unmounting ${device}`, argv: ['umount', mountPoint], timeoutSeconds: 30 });
  }
} // prettier-ignore
