import { asDabeiError } from '../errors.ts';
import { hostKeyType } from '../keys/host-key.ts';
import { capturedKeys } from '../keys/captured-keys.ts';
import { readPort, readSshdOptions, sshdNotes } from '../keys/sshd-options.ts';
import { Secret } from '../secret.ts';
import { limits } from '../config/limits.ts';
import { configSchema, type ConfigInput } from '../config/schema.ts';

/**
 * The old system's identity, from the files that `run` appended to the initrd. The machine keeps it unless the configuration
 * sets another one. Pure.
 */
export interface CapturedFiles {
  /** ssh_host_TYPE_key -> private key. */
  hostKeys: ReadonlyMap<string, Buffer>;
  /** Concatenated files, each after a line "#from PATH" (image/media/bundle/lib/capture.sh). */
  authorizedKeys: string | null;
  hostName: string | null;
  machineId: string | null;
  /** Output of `sshd -T` on the old system; null if sshd did not answer. */
  sshd?: string | null;
  /** The SSH port by which the user of `run` was connected. */
  sshPort?: string | null;
  /**
   * The program that started `run` reconnects to port 22 or to the port that it used before (nixos-anywhere,
   * --post-kexec-ssh-port); the SSH stage opens both.
   */
  comesBackElsewhere?: boolean;
  /** They are of a rescue entry, whose port is that of stage 1: there is no old system. */
  isRescueEntry?: boolean;
}

export interface CapturedIdentity {
  /** Passes validation: the conversion omits what this system cannot use, and adds a note for each omission. */
  value: Pick<ConfigInput, 'hostName' | 'hostId' | 'machineId' | 'rootAuthorizedKeys' | 'ssh' | 'network'>;
  notes: string[];
}

/** The name of this source in reports. */
export const capturedSource = 'the old system';

/** @param now seconds since 1970 */
export function capturedIdentity(files: CapturedFiles, now: number): CapturedIdentity {
  const notes: string[] = [];
  const leaveOut = (what: string, why: string) =>
    notes.push(`${what} of the old system is left out: it ${why}`);

  const hostKeys = [...files.hostKeys].flatMap(([name, bytes]) => {
    const key = new Secret(bytes);
    try {
      hostKeyType(key);
      return valid('ssh.hostKeys', bytes.toString('latin1'));
    } catch (error) {
      leaveOut(`the SSH host key ${name}`, `cannot be used: ${asDabeiError(error, 'reading it').problem}`);
      return [];
    }
  });

  // push(...notes) would use stack for each note, and there may be a hundred thousand.
  for (const note of sshdNotes(readSshdOptions(files.sshd ?? ''))) notes.push(note);
  const reached = readPort(files.sshPort ?? null);
  const port = reached === 22 || files.comesBackElsewhere ? null : reached;
  if (port !== null && !files.isRescueEntry) notes.push(`sshd listens on port ${port}, as on the old system`);
  const keys = capturedKeys(files.authorizedKeys ?? '', now);
  const authorized = keys.lines
    .flatMap(line => valid('rootAuthorizedKeys', line))
    .slice(0, limits.authorizedKeys);
  const lost = keys.lines.length - authorized.length;
  if (lost > 0)
    leaveOut(
      `${lost} further lines of authorized_keys`,
      'has characters that cannot be shown, or there are too many',
    );
  for (const note of keys.notes) notes.push(note);

  const hostName = files.hostName?.trim() ?? '';
  const machineId = files.machineId?.trim() ?? '';
  const hostNames = valid('hostName', hostName);
  const machineIds = valid('machineId', machineId);
  if (hostName !== '' && hostNames.length === 0)
    leaveOut(`the host name ${hostName}`, 'is not a valid host name (RFC 1123)');
  // The file contains "uninitialized" before the first boot (machine-id(5)).
  if (machineId !== '' && machineIds.length === 0) leaveOut('the machine id', 'is not 32 hexadecimal digits');
  return {
    value: {
      ...(hostNames.length > 0 ? { hostName } : {}),
      ...(machineIds.length > 0 ? { machineId } : {}),
      ...(authorized.length > 0 ? { rootAuthorizedKeys: [...new Set(authorized)] } : {}),
      ...(hostKeys.length > 0 || port !== null
        ? { ssh: { ...(hostKeys.length > 0 ? { hostKeys } : {}), ...(port === null ? {} : { port }) } }
        : {}),
    },
    notes,
  };
}

const checks = {
  rootAuthorizedKeys: configSchema.shape.rootAuthorizedKeys.unwrap().element,
  'ssh.hostKeys': configSchema.shape.ssh.unwrap().shape.hostKeys.unwrap().element,
  hostName: configSchema.shape.hostName.unwrap(),
  machineId: configSchema.shape.machineId.unwrap(),
};

/** @returns the value in a list if the configuration accepts it, otherwise an empty list */
function valid(path: keyof typeof checks, value: string): string[] {
  return checks[path].safeParse(value).success ? [value] : [];
}
