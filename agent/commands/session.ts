import { resolveConfiguration } from '../config/resolve.ts';
import type { Input } from '../config/sources/sources.ts';
import { isBeaten } from '../config/sources/metadata/policy.ts';
import { DabeiError } from '../errors.ts';
import { readAppendedFiles, readAppendedSigners } from '../host/old-system/appended.ts';
import { readCaptured } from '../host/old-system/captured.ts';
import type { Doors } from '../host/doors.ts';
import { observeCommands } from '../host/exec.ts';
import { readCredentials, readDmi } from '../host/machine/firmware-data.ts';
import { presentVariants } from '../host/machine/variants.ts';
import { paths } from '../paths.ts';
import { fetchConfig } from '../stages/fetch/config-url.ts';
import { learnMetadata } from '../stages/fetch/metadata.ts';
import { learnSeeds } from '../stages/fetch/seeds.ts';
import type { Session } from '../stages/sequence.ts';

/** The sources of a configuration, for a command, and what each command begins with. */

/**
 * Reads the sources, and fetches the configuration that they name, if they do. The network is the one by which somebody is logged in.
 * @param claim takes the lock; called before anything is fetched
 * @throws DabeiError CONFIG_NOT_FOUND if the server has no configuration for this machine
 */
export async function sessionByHand(
  doors: Doors,
  configFile: string | undefined,
  claim: () => void,
): Promise<Session> {
  const input = await gatherInput(doors, configFile);
  const session: Session = { input, resolution: resolveConfiguration(input) };
  claim();
  await learnSeeds(doors, session);
  await learnMetadata(doors, session);
  const isThere = await fetchConfig(doors, session);
  const { config, problems } = session.resolution;
  if (isThere && (config !== null || problems.length > 0)) return session;
  throw new DabeiError('CONFIG_NOT_FOUND', {
    doing: 'fetching the configuration',
    problem: isThere
      ? 'neither metadata nor a seed has one for this machine'
      : 'the server has none for this machine',
    remedy: 'put it there, or name a file with --config',
  });
}

/** What `readInput` finds, and the credentials in the firmware, which count like files of the initramfs. */
export async function gatherInput(doors: Doors, configFile?: string): Promise<Input> {
  const input = readInput(doors, configFile);
  if (isBeaten(input)) return input;
  const { files, notes } = await readCredentials(doors);
  for (const text of notes) doors.log({ event: 'note', text });
  return { ...input, files: [...files, ...input.files] };
}

/**
 * Reads the kernel parameters and the files that kexec or iPXE appended, or only `configFile` if it is given. The capture of the
 * old system counts in both cases.
 */
export function readInput(doors: Doors, configFile?: string): Input {
  const { files } = doors;
  const captured = readCaptured(doors);
  const variants = presentVariants(doors);
  if (configFile !== undefined) {
    const bytes = files.readBytes(configFile);
    if (bytes === null) {
      throw new DabeiError('FILE', {
        doing: 'reading the configuration',
        problem: `there is no file ${configFile}`,
      });
    }
    return { commandLine: '', files: [{ path: configFile, bytes }], variants, captured, alone: true };
  }
  const commandLine = files.readText(paths.commandLine) ?? '';
  const signers = readAppendedSigners(doors);
  return {
    commandLine,
    files: readAppendedFiles(doors),
    variants,
    dmi: readDmi(doors),
    alone: files.exists(`${paths.bootDirectory}/dabei/capture`),
    captured,
    ...(signers === null ? {} : { signers }),
  };
}

/** Takes the lock that only one dabei may hold to change this machine, and logs every command that this dabei runs. */
export function logCommands({ claim, log }: Doors): void {
  claim(paths.lock);
  observeCommands(({ argv, doing, seconds, exitCode, failed, stderr }) =>
    log({ event: 'command', argv, doing, seconds, exitCode, failed, ...(exitCode === 0 ? {} : { stderr }) }),
  );
}
