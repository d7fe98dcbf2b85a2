import type { Config } from '../../config/schema.ts';
import { asDabeiError } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import type { Doors } from '../../host/doors.ts';
import { readFacts } from '../../host/machine/facts.ts';
import { paths } from '../../paths.ts';
import { selectDisks } from '../../plan/disks/select-disks.ts';
import { withEsps } from './esps.ts';
import { startAsTrialSays } from './trial.ts';

/** A medium that finds its own finished installation: the firmware started the wrong thing, and nobody may be there to remove it. */

const startsAfterSeconds = 10;

/**
 * Starts the installed system by kexec, as its boot menu would; somebody who has logged in by then keeps the machine here. It throws
 * nothing: then the machine stays, too, and can be reached.
 */
export async function startFinished(doors: Doors, config: Config): Promise<void> {
  const { clock, log } = doors;
  log({
    event: 'note',
    text: `the installed system starts in ${startsAfterSeconds} s, because a medium started this one; a login keeps the machine here, and so does the kernel parameter dabei.rescue`,
  });
  for (let waited = 0; waited < startsAfterSeconds; waited++) {
    await clock.sleep(1);
    if (!isSomebodyHere(doors)) continue;
    log({ event: 'note', text: 'somebody has logged in: the machine stays in this system' });
    return;
  }
  try {
    const esps = espsOf(config, await readFacts(doors));
    await withEsps(doors, esps, mounted => startAsTrialSays(doors, mounted, 'medium'));
  } catch (thrown) {
    const { message } = asDabeiError(thrown, 'starting the installed system');
    log({ event: 'warning', text: `the installed system was not started: ${message}` });
  }
}

/** Partitions that may have a boot menu, of the configured disks alone. */
function espsOf({ disks }: Config, facts: Facts): string[] {
  if (disks === undefined) return [];
  return selectDisks(disks, facts.disks).members.flatMap(({ contents }) =>
    contents
      .filter(({ deviceType, signature }) => deviceType === 'part' && signature === 'vfat')
      .map(({ device }) => device),
  );
}

/** A shell is open on a console (usr/lib/dabei/console), or sshd has let somebody in: it shows that in place of its arguments (sshd-session.c). */
function isSomebodyHere({ files }: Doors): boolean {
  if (files.list(paths.consoleDirectory).some(name => name.startsWith('in-use.'))) return true;
  return files
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .some(pid => /^sshd(-session)?: \S+@/.test(files.readText(`/proc/${pid}/cmdline`) ?? ''));
}
