import { asDabeiError } from '../errors.ts';
import { hostKeyType } from '../plan/host-key.ts';
import { Secret } from '../secret.ts';
import { configSchema, type ConfigInput } from './schema.ts';

/**
 * What the old system was, from the files that `run` appended: the identity under which the machine goes on where the
 * configuration gives it no other one. Pure.
 */
export interface CapturedFiles {
  /** ssh_host_TYPE_key -> private key. */
  hostKeys: ReadonlyMap<string, Buffer>;
  /** authorized_keys(5) with its options. */
  authorizedKeys: string | null;
  hostName: string | null;
  machineId: string | null;
}

export interface CapturedIdentity {
  /** Valid by itself: what the old system had and this one cannot use is left out, and said so. */
  value: Pick<ConfigInput, 'hostName' | 'machineId' | 'rootAuthorizedKeys' | 'ssh' | 'network'>;
  notes: string[];
}

/** What the value is called in reports. */
export const capturedSource = 'the old system';

export function capturedIdentity(files: CapturedFiles): CapturedIdentity {
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

  const lines = (files.authorizedKeys ?? '')
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
  const authorized = lines.flatMap((line, index) => {
    const kept = valid('rootAuthorizedKeys', line);
    if (kept.length === 0) leaveOut(`line ${index + 1} of authorized_keys`, 'is no public key');
    return kept;
  });

  const hostName = files.hostName?.trim() ?? '';
  const machineId = files.machineId?.trim() ?? '';
  const hostNames = valid('hostName', hostName);
  const machineIds = valid('machineId', machineId);
  if (hostName !== '' && hostNames.length === 0) leaveOut(`the host name ${hostName}`, 'is none by RFC 1123');
  // "uninitialized" stands there before a first boot (machine-id(5)).
  if (machineId !== '' && machineIds.length === 0) leaveOut('the machine id', 'is not 32 hexadecimal digits');
  return {
    value: {
      ...(hostNames.length > 0 ? { hostName } : {}),
      ...(machineIds.length > 0 ? { machineId } : {}),
      ...(authorized.length > 0 ? { rootAuthorizedKeys: [...new Set(authorized)] } : {}),
      ...(hostKeys.length > 0 ? { ssh: { hostKeys } } : {}),
    },
    notes,
  };
}

const checks = {
  'ssh.hostKeys': configSchema.shape.ssh.unwrap().shape.hostKeys.unwrap().element,
  rootAuthorizedKeys: configSchema.shape.rootAuthorizedKeys.unwrap().element,
  hostName: configSchema.shape.hostName.unwrap(),
  machineId: configSchema.shape.machineId.unwrap(),
};

/** The value alone where the configuration would take it, else nothing. */
function valid(path: keyof typeof checks, value: string): string[] {
  return checks[path].safeParse(value).success ? [value] : [];
}
