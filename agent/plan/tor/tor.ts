import type { TorConfig } from '../../config/schema/tor.ts';
import { addressOfKey } from '../../keys/onion.ts';
import type { Secret } from '../../secret.ts';
import { variantPrograms } from '../../variants.ts';
import type { Step } from '../step.ts';

/** The onion service for SSH of images with Tor: its files, and the steps that place them (tor(1)). Pure. */

const stateDirectory = '/var/lib/tor';
const serviceDirectory = `${stateDirectory}/ssh`;
const secretKeyFile = `${serviceDirectory}/hs_ed25519_secret_key`;

export const torPaths = {
  program: variantPrograms.tor,
  torrc: '/etc/tor/torrc',
  /** In RAM, and of the user tor alone; /usr/lib/dabei/apart hides it from other people's code. */
  stateDirectory,
  /** Tor makes it of the secret key, before it asks the network. */
  hostname: `${serviceDirectory}/hostname`,
  log: '/var/log/tor.log',
  pid: '/run/dabei/tor.pid',
  /** Further lines, of an initrd alone: the network of a test, or bridges. */
  more: '/run/dabei/boot/dabei/torrc.d',
} as const;

/** Of image/rootfs/root/etc/passwd. */
const user = { name: 'tor', id: 105 } as const;

/** The directory of a client that is connected to Tor's network has 10 MB. */
const stateMebibytes = 64;

/** What the service is to be. */
export interface OnionWish {
  /** null: Tor draws a key. */
  key: Secret | null;
  /** Of that key. */
  address: string | null;
  authorizedClients: readonly string[];
  /** Of sshd. */
  sshPort: number;
}

/** @returns null if the configuration switches it off */
export function onionWish(tor: TorConfig | undefined, sshPort: number): OnionWish | null {
  if (tor?.enable === false) return null;
  const { key, authorizedClients = [] } = tor ?? {};
  const address = key === undefined ? null : addressOfKey(key.reveal());
  return { key: key ?? null, address, authorizedClients, sshPort };
}

/** Whether both make the same service. */
export function isSameOnion(one: OnionWish, other: OnionWish): boolean {
  const text = ({ address, authorizedClients, sshPort }: OnionWish) =>
    JSON.stringify([address, authorizedClients, sshPort]);
  return text(one) === text(other);
}

/** torrc: the service, and nothing that others could use. */
export function torrc(sshPort: number, hasMore: boolean): string {
  return [
    `User ${user.name}`,
    `DataDirectory ${stateDirectory}`,
    'Log notice stdout',
    'ClientOnly 1',
    'SocksPort 0',
    'AvoidDiskWrites 1',
    `HiddenServiceDir ${serviceDirectory}`,
    // ssh takes port 22 without being told.
    `HiddenServicePort 22 127.0.0.1:${sshPort}`,
    ...(hasMore ? [`%include ${torPaths.more}/*.conf`] : []),
    '',
  ].join('\n');
}

/** @param hasMore whether an initrd brought further lines */
export function prepareTor({ key, authorizedClients, sshPort }: OnionWish, hasMore: boolean): Step[] {
  const run = (doing: string, ...argv: [string, ...string[]]): Step => {
    return { kind: 'run', doing, argv, timeoutSeconds: 20 };
  };
  const write = (doing: string, path: string, content: string | Secret, mode = 0o600): Step => {
    return { kind: 'write', doing, path, mode, content };
  };
  const clients = `${serviceDirectory}/authorized_clients`;
  const options = `nosuid,nodev,noexec,mode=0700,size=${stateMebibytes}m`;
  return [
    run('making the directory of Tor', 'mkdir', '-p', stateDirectory),
    run('mounting the directory of Tor', 'mount', '-t', 'tmpfs', '-o', options, 'tor', stateDirectory),
    run('making the directory of the onion service', 'mkdir', '-m', '700', serviceDirectory, clients),
    ...(key === null ? [] : [write('placing the key of the onion service', secretKeyFile, key)]),
    ...authorizedClients.map((line, index) =>
      write('authorizing a client', `${clients}/${index + 1}.auth`, `${line}\n`),
    ),
    run('giving the files to Tor', 'busybox', 'chown', '-R', `${user.id}:${user.id}`, stateDirectory),
    write('writing torrc', torPaths.torrc, torrc(sshPort, hasMore), 0o644),
  ];
}

/** Takes the key away, and everything else that Tor knew. */
export function removeTor(): Step[] {
  const doing = 'emptying the directory of Tor';
  return [{ kind: 'run', doing, argv: ['umount', stateDirectory], timeoutSeconds: 20, optional: true }];
}
