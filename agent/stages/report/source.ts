import { hostKeyTypes } from '../../keys/host-key.ts';
import type { Doors } from '../../host/doors.ts';
import { readRescuedMachine } from '../../host/old-system/rescued-machine.ts';
import { readIdentity } from '../../host/machine/identity.ts';
import { readStatus } from '../../host/status.ts';
import { paths } from '../../paths.ts';
import type { LastWords, Reporter } from '../../plan/report/event.ts';
import { secretsIn } from '../../plan/report/redaction.ts';
import type { Session } from '../sequence.ts';
import type { Destination } from './post.ts';
import type { ReportSource } from './reporter.ts';

/** What a report says of this machine, and where it goes. */

/** The receiver that the configuration names, even one that was refused for another reason; null for none. */
export function destinationOf({ resolution }: Session): Destination | null {
  const { report, configCa } = resolution.reachability;
  return report === undefined ? null : { ...report, ca: configCa ?? null };
}

/** Of the installation, if the trial of the installed system failed; the ESP has no token, so only a receiver that asks for none. */
function afterTrial(doors: Doors): Destination | null {
  const machine = doors.files.exists(paths.trial) ? readRescuedMachine(doors) : null;
  const url = machine === null || 'problem' in machine ? undefined : machine.report?.url;
  return url === undefined ? null : { url, level: 'warning', ca: null };
}

export function reportSource(doors: Doors, session: Session): ReportSource {
  return {
    destination: () => destinationOf(session) ?? afterTrial(doors),
    secrets: () => {
      const { config, reachability } = session.resolution;
      return secretsIn([config, reachability], Object.values(publicHostKeys(doors)));
    },
    machine: () => machineOf(doors, session),
  };
}

/** Serial number, UUID and MAC addresses, as for configUrl; what cannot be read is left out. */
async function machineOf(doors: Doors, { resolution, input }: Session): Promise<Reporter> {
  const { hostName } = resolution.reachability;
  try {
    const { serial, uuid, allMacs } = await readIdentity(doors, input?.commandLine ?? '', hostName);
    return { hostname: hostName, serial, uuid, macs: allMacs };
  } catch {
    return { hostname: hostName, serial: null, uuid: null, macs: [] };
  }
}

/** Type -> line of the key that sshd presents. */
function publicHostKeys({ files }: Doors): Record<string, string> {
  const lines = hostKeyTypes.map(type => {
    try {
      return [type, files.readText(`/etc/ssh/ssh_host_${type}_key.pub`)] as const;
    } catch {
      return [type, null] as const;
    }
  });
  return Object.fromEntries(lines.flatMap(([type, line]) => (line === null ? [] : [[type, line]])));
}

/** @param how how it ended, and the sentence about it */
export function lastWords(
  doors: Doors,
  { resolution, runtimeInfo }: Session,
  how: Pick<LastWords, 'result' | 'description'>,
): Omit<LastWords, 'duration'> {
  const status = readStatus(doors);
  return {
    ...how,
    hostName: resolution.reachability.hostName,
    publicKeys: publicHostKeys(doors),
    fingerprints: status?.hostKeys ?? [],
    addresses: Object.values(status?.addresses ?? {}).flat(),
    runtimeInfo: parsed(runtimeInfo),
  };
}

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
