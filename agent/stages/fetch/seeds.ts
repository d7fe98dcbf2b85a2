import { maximumBytes } from '../../config/sources/decode.ts';
import { resolveConfiguration } from '../../config/resolve.ts';
import { learntFrom, type Learnt } from '../../config/sources/metadata/learnt.ts';
import type { Answers } from '../../config/sources/metadata/source.ts';
import { seedFileSystems, seedVolumes, type SeedVolume } from '../../config/sources/seed/volumes.ts';
import { trustedTime } from '../../config/sources/validity.ts';
import { resolveWithoutFail } from '../../config/without-fail.ts';
import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readIdentity, readRtc } from '../../host/machine/identity.ts';
import type { Session } from '../sequence.ts';
import { adopt } from './adopt.ts';
import { takeGivenTime } from './time.ts';

/** Volumes with a seed: mounted read-only, read and unmounted, before the network comes up. */

const byLabel = '/dev/disk/by-label';
const mountPoint = '/run/dabei/seed';
/** For a stick behind a hub, where this boot expects its configuration on a volume. */
const longestWaitSeconds = 30;
const settleSeconds = 10;

/** Looks for seeds if the boot has a use for them. Never throws: a volume that cannot be read is a warning. */
export async function learnSeeds(doors: Doors, session: Session): Promise<void> {
  const { input, resolution } = session;
  const want = resolution.learn.seeds;
  if (input === undefined || want === null) return;
  let seeds: Learnt[] = [];
  try {
    const givenSeconds = await takeGivenTime(doors, resolution.learn.timeSeconds);
    seeds = await readSeeds(doors, input.commandLine, { waits: want === 'install', givenSeconds });
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, 'looking for volumes with a seed').message });
  }
  const without = { ...input, seeds: seeds.map(seed => ({ ...seed, config: null })) };
  adopt(
    session,
    { ...input, seeds },
    without,
    resolveWithoutFail([() => resolveConfiguration(without)]).reachability,
  );
}

/** @param waits whether to wait for a volume that is not there yet */
async function readSeeds(
  doors: Doors,
  commandLine: string,
  { waits, givenSeconds }: { waits: boolean; givenSeconds: number | null },
): Promise<Learnt[]> {
  const { exec, clock, files } = doors;
  const argv = ['udevadm', 'settle', `--timeout=${settleSeconds}`];
  await exec.attempt({ doing: 'waiting for disks', argv, timeoutSeconds: settleSeconds + 5 });
  const find = () =>
    seedVolumes.flatMap(volume =>
      volume.labels
        .filter(label => files.exists(`${byLabel}/${label}`))
        .map(label => ({ volume, path: `${byLabel}/${label}` })),
    );
  const present = async () => {
    const found = find();
    return found.length > 0 ? found : null;
  };
  const found = waits ? await clock.poll(present, longestWaitSeconds) : await present();
  if (found === null) return [];
  const identity = await readIdentity(doors, commandLine, null);
  const clocks = { systemSeconds: clock.epochSeconds(), rtcSeconds: readRtc(doors), givenSeconds };
  const seeds: Learnt[] = [];
  for (const { volume, path } of found) {
    const answers = await readVolume(doors, volume, path);
    if (answers === null) continue;
    const learnt = learntFrom(`${volume.name} on ${path}`, 'seed', volume.decode(answers));
    doors.log({ event: 'note', text: `${volume.name} on ${path}: ${namesOf(learnt)}` });
    seeds.push({ ...learnt, identity, time: trustedTime(clocks) });
  }
  // What comes first in the table is nearer: the last of the list wins.
  return seeds.toReversed();
}

/** "hostName, network, user-data" */
export function namesOf({ value, config }: Pick<Learnt, 'value' | 'config'>): string {
  const names = [...Object.keys(value), ...(config === null ? [] : ['a configuration'])];
  return names.length > 0 ? names.join(', ') : 'nothing of use';
}

async function readVolume(doors: Doors, { files: wanted }: SeedVolume, device: string): Promise<Answers | null> {
  const { exec, files, log } = doors;
  files.makeDirectory(mountPoint, 0o700);
  let said = '';
  for (const type of seedFileSystems) {
    const argv = ['mount', '-t', type, '-o', 'ro,nosuid,nodev,noexec', device, mountPoint];
    const { exitCode, stderr } = await exec.attempt({ doing: `reading the seed on ${device}`, argv, timeoutSeconds: 30 });
    said = stderr.trim();
    if (exitCode !== 0) continue;
    try {
      return Object.fromEntries(Object.entries(wanted).map(([name, path]) => [name, readFile(doors, path)]));
    } finally {
      const unmount = ['umount', mountPoint];
      const { exitCode: code, stderr: why } = await exec.attempt({ doing: `unmounting ${device}`, argv: unmount, timeoutSeconds: 30 });
      if (code !== 0) log({ event: 'warning', text: `${device} stays mounted: ${why.trim()}` });
    }
  }
  log({ event: 'warning', text: `${device} is neither ${seedFileSystems.join(' nor ')}: ${said}` });
  return null;
} // prettier-ignore

/** A file of the volume; null if there is none, or if a link leads out of the volume. */
function readFile({ files, log }: Doors, name: string): Buffer | null {
  const path = `${mountPoint}/${name}`;
  try {
    const real = files.realPath(path);
    if (real === null || !real.startsWith(`${mountPoint}/`)) return null;
    return files.readStart(path, maximumBytes + 1);
  } catch (thrown) {
    log({ event: 'warning', text: asDabeiError(thrown, `reading ${name} of the seed`).message });
    return null;
  }
}
