import { DabeiError } from '../../errors.ts';
import { busSocket } from '../../host/bus.ts';
import type { Doors } from '../../host/doors.ts';
import type { NetworkConfig } from '../../config/schema.ts';
import { paths } from '../../paths.ts';
import {
  busDirectory,
  iwdFiles,
  iwdMainConf,
  iwdSettings,
  iwdState,
  type IwdFile,
} from '../../plan/network/iwd.ts';
import { variantPrograms } from '../../variants.ts';
import { limits } from '../network-limits.ts';

/** The daemons for wireless networks: a message bus, and iwd, which joins every network that it knows and finds. */

const iwdProgram = variantPrograms.wifi;
const busProgram = '/usr/bin/dbus-daemon';
/** Starts a program again when it has ended (image/rootfs/wifi/usr/lib/dabei/respawn). */
const respawn = '/usr/lib/dabei/respawn';
const busSettings = '/usr/lib/dabei/dbus.conf';
export const iwdLog = '/var/log/iwd.log';
/** The files as dabei wrote them: iwd adds keys to its own, which it derives from the passphrase or learns from the access point. */
const written = `${paths.wifiDirectory}/written`;

/**
 * Gives iwd the networks that it may join, and no others. An iwd that runs ends if a network is gone or has another passphrase, or if the
 * country changes: it would go on with the old passphrase, and after a refusal it asks an agent for the next one (network.c of iwd 3.8).
 */
export async function writeNetworks(
  doors: Doors,
  network: Pick<NetworkConfig, 'wifi' | 'wifiCountry'>,
): Promise<void> {
  const { files } = doors;
  files.makeDirectory(iwdState, 0o700);
  files.makeDirectory(written, 0o700);
  const wanted = iwdFiles(network.wifi ?? []);
  const isKept = ({ name, content }: IwdFile) =>
    files.exists(`${iwdState}/${name}`) &&
    files.readBytes(`${written}/${name}`)?.equals(content.reveal()) === true;
  // iwd makes directories for other purposes there.
  const gone = files
    .list(iwdState)
    .filter(
      name => /\.(psk|open|8021x)$/.test(name) && !wanted.some(file => file.name === name && isKept(file)),
    );
  const settings = iwdMainConf(network);
  if (gone.length > 0 || files.readText(iwdSettings) !== settings) await stopIwd(doors);
  for (const name of gone) files.remove(`${iwdState}/${name}`);
  for (const { name, content } of wanted.filter(file => !isKept(file))) {
    files.writeAtomic(`${iwdState}/${name}`, content, 0o600);
    files.writeAtomic(`${written}/${name}`, content, 0o600);
  }
  files.writeAtomic(iwdSettings, settings, 0o644);
}

async function stopIwd({ exec, files, clock }: Doors): Promise<void> {
  const pid = files.readText('/run/dabei/iwd.pid')?.trim();
  if (pid === undefined || files.readText(`/proc/${pid}/cmdline`)?.includes(iwdProgram) !== true) return;
  await exec.attempt({ doing: 'ending iwd', argv: ['busybox', 'kill', pid], timeoutSeconds: 10 });
  // A process that nobody waits for any more has no command line.
  await clock.poll(async () => !files.readText(`/proc/${pid}/cmdline`) || null, limits.wifiStart, 0.1);
}

/**
 * Starts both unless they run.
 * @throws DabeiError WIFI_START
 */
export async function startDaemons(doors: Doors): Promise<void> {
  const { files, clock } = doors;
  files.makeDirectory(busDirectory);
  await startOnce(doors, 'dbus', [
    busProgram,
    ...[`--config-file=${busSettings}`, '--nofork', '--nopidfile', '--nosyslog'],
  ]);
  if ((await clock.poll(async () => files.exists(busSocket) || null, limits.wifiStart, 0.1)) === null)
    throw noStart('the message bus', '/var/log/dbus.log', limits.wifiStart);
  const before = files.readText(iwdLog)?.length ?? 0;
  await startOnce(doors, 'iwd', [iwdProgram]);
  const answers = await clock.poll(
    async () => {
      const reply = await doors.network.callBus(
        { ...theBus, member: 'NameHasOwner', args: ['net.connman.iwd'] },
        limits.busCall,
      );
      if ('values' in reply && reply.values[0] === true) return 'yes';
      return hasEnded(files.readText(iwdLog)?.slice(before) ?? '') ? 'never' : null;
    },
    limits.iwdStart,
    0.25,
  );
  if (answers !== 'yes') throw noStart('iwd', iwdLog, answers === null ? limits.iwdStart : null);
}

/** What /usr/lib/dabei/respawn says of it. */
const hasEnded = (log: string) => log.includes(`${iwdProgram} has ended`);

const theBus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

async function startOnce({ exec, files }: Doors, name: string, program: readonly string[]): Promise<void> {
  const pidFile = `/run/dabei/${name}.pid`;
  const pid = files.readText(pidFile)?.trim();
  if (pid !== undefined && files.readText(`/proc/${pid}/cmdline`)?.includes(program[0]!)) return;
  const doing = `starting ${name === 'iwd' ? 'iwd' : 'the message bus'}`;
  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${busSocket}` };
  const argv = [respawn, ...program];
  const started = await exec.startDaemon({ doing, argv, env, logFile: `/var/log/${name}.log` });
  files.writeAtomic(pidFile, `${started}\n`, 0o644);
}

/** @param seconds null: it has ended */
function noStart(what: string, log: string, seconds: number | null): DabeiError {
  return new DabeiError('WIFI_START', {
    doing: 'starting the programs for wireless networks',
    problem:
      seconds === null
        ? `${what} ends as soon as it is started`
        : `${what} does not answer within ${seconds} s`,
    remedy: `read ${log}; with a cable, the machine works without them`,
  });
}
