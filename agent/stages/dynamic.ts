import type { NetworkConfig } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { readAddresses, type Address } from '../host/machine/links.ts';
import type { LeasePreferences, Preferences } from '../plan/network/preferences.ts';

/** Dynamic configuration of links: DHCPv4 leases, router advertisements, name servers. */

const scripts = '/usr/lib/dabei';
/** Files of the udhcpc script, one per link with a lease. */
const leases = '/run/dabei/dhcp';
const nameServers = '/run/dabei/resolv';

export interface Asked {
  /** Names of links. */
  dhcp: readonly string[];
  acceptRa: readonly string[];
}

/**
 * Makes links request addresses, except those that already do.
 * @param fixedMtu links whose MTU the configuration sets
 * @param clientIds client identifiers of links that do not use their MAC address: "none", or hexadecimal digits
 * @returns a warning for each request that could not be started
 */
export async function askForAddresses(
  doors: Doors,
  asked: Asked,
  options: {
    hostName: string;
    fixedMtu: readonly string[];
    clientIds?: Readonly<Record<string, string>>;
    /** Which parts of leases and router advertisements to use, by link. */
    leases?: Readonly<Record<string, LeasePreferences>>;
    advertisements?: Readonly<Record<string, Preferences>>;
  },
): Promise<string[]> {
  const failures: string[] = [];
  const trying = async (link: string, begin: () => Promise<void>) => {
    try {
      await begin();
    } catch (error) {
      // A link that fails must not prevent the requests of the others.
      failures.push(`${link}: ${error instanceof DabeiError ? error.message : String(error)}`);
    }
  };
  for (const link of asked.acceptRa)
    await trying(link, () => acceptAdvertisements(doors, link, options.advertisements?.[link] ?? {}));
  for (const link of asked.dhcp) {
    const clientId = options.clientIds?.[link] ?? 'mac';
    const lease = options.leases?.[link] ?? {};
    const preferences = { ...lease, useMtu: lease.useMtu !== false && !options.fixedMtu.includes(link) };
    await trying(link, () => startDhcp(doors, link, options.hostName, preferences, clientId));
  }
  return failures;
}

/** The source of an address; null while no address is usable. */
export function learntFrom({ files }: Doors, addresses: readonly Address[]): 'dhcp' | 'ra' | null {
  if (addresses.some(({ family, link }) => family === 4 && files.exists(`${leases}/${link}`))) return 'dhcp';
  return addresses.some(({ family, global, dynamic, tentative }) => {
    return family === 6 && global && dynamic && !tentative;
  })
    ? 'ra'
    : null;
}

/**
 * Starts udhcpc, which keeps the lease as long as the system runs. It identifies itself by the MAC address (RFC 2132,
 * 9.14; busybox's default) or by the given identifier, sends five requests within 10 s, pauses for 5 s, and never gives up.
 */
async function startDhcp(
  { exec, files }: Doors,
  link: string,
  hostName: string,
  lease: LeasePreferences,
  clientId: string,
): Promise<void> {
  const pidFile = `/run/dabei/udhcpc.${link}.pid`;
  const pid = files.readText(pidFile)?.trim();
  if (pid !== undefined && files.readText(`/proc/${pid}/cmdline`)?.includes('udhcpc')) return;
  files.makeDirectory(leases);
  const started = await exec.startDaemon({
    doing: `asking for a DHCP lease on ${link}`,
    argv: [
      ...['busybox', 'udhcpc', '-f', '-i', link, '-s', `${scripts}/udhcpc`, '-p', pidFile],
      ...['-t', '5', '-T', '2', '-A', '5', '-x', `hostname:${hostName}`],
      ...[
        'subnet',
        'router',
        'broadcast',
        'dns',
        'domain',
        'search',
        'staticroutes',
        'msstaticroutes',
      ].flatMap(option => ['-O', option]),
      ...(lease.useMtu === false ? [] : ['-O', 'mtu']),
      ...clientIdArguments(clientId),
      // Option 50 is a request: the server may have assigned the address to another client (RFC 2131, 4.4.1).
      ...(lease.address === undefined ? [] : ['-r', lease.address]),
    ],
    env: leaseEnvironment(lease),
    logFile: `/var/log/dhcp-${link}.log`,
  });
  // udhcpc writes it too, a little later than the next look at it may be.
  files.writeAtomic(pidFile, `${started}\n`, 0o644);
}

/** Ends the DHCP clients of links, and makes the links ignore router advertisements. Addresses and routes stay. */
export async function stopAsking(doors: Doors, links: readonly string[]): Promise<void> {
  const { exec, files, clock } = doors;
  for (const link of links) {
    const pidFile = `/run/dabei/udhcpc.${link}.pid`;
    const pid = files.readText(pidFile)?.trim();
    if (pid !== undefined && files.readText(`/proc/${pid}/cmdline`)?.includes('udhcpc')) {
      await exec.attempt({
        doing: `ending the DHCP client of ${link}`,
        argv: ['busybox', 'kill', pid],
        timeoutSeconds: 10,
      });
      // It removes the file with its number at its end, and must not remove that of the next client.
      await clock.poll(async () => (files.exists(`/proc/${pid}`) ? null : true), 5, 0.1);
    }
    for (const path of [pidFile, `${leases}/${link}`, `${nameServers}/dhcp-${link}`]) files.remove(path);
  }
  refuseAdvertisements(doors, links);
}

/** Environment of /usr/lib/dabei/udhcpc. */
export function leaseEnvironment(lease: LeasePreferences): Record<string, string> {
  return {
    ...(lease.metric !== undefined && { DABEI_METRIC: String(lease.metric) }),
    ...(lease.useGateway === false && { DABEI_NO_GATEWAY: '1' }),
    ...(lease.useRoutes === false && { DABEI_NO_ROUTES: '1' }),
    ...(lease.useDns === false && { DABEI_NO_DNS: '1' }),
    ...(lease.useMtu === false && { DABEI_FIXED_MTU: '1' }),
  };
}

/** Option 61 (RFC 2132, 9.14); -C sends none. */
export function clientIdArguments(clientId: string): string[] {
  if (clientId === 'mac') return [];
  return clientId === 'none' ? ['-C'] : ['-x', `0x3d:${clientId}`];
}

/**
 * For links that take no advertisements, or not yet; call this before they are up (Documentation/networking/ip-sysctl.rst, accept_ra
 * and accept_dad). Without duplicate address detection, the link-local address is usable at once, too: `ip neigh … use` asks for the
 * hardware address of a gateway from no other, since there is no packet whose source address it could take (ndisc_solicit in
 * net/ipv6/ndisc.c), and would not for about two seconds.
 */
export function refuseAdvertisements({ files }: Doors, links: readonly string[]): void {
  for (const link of links) {
    set(files, link, 'accept_ra', '0');
    set(files, link, 'accept_dad', '0');
  }
}

/** 2 accepts router advertisements even if the system forwards packets. */
async function acceptAdvertisements(doors: Doors, link: string, preferences: Preferences): Promise<void> {
  const { exec, files } = doors;
  const before = files.readText(settingOf(link, 'accept_ra'))?.trim();
  if (before === undefined || before === '2') return;
  for (const [name, value] of advertisementSettings(preferences)) set(files, link, name, value);
  set(files, link, 'accept_dad', '1');
  set(files, link, 'accept_ra', '2');
  // The kernel solicits routers only when a link-local address has become usable (RFC 4861, 6.3.7), and routers may
  // advertise as seldom as every 30 min. A link that is already up must first get a new link-local address.
  if (before !== '0') return;
  const lines = (await readAddresses(doors))
    .filter(address => address.link === link && address.address.startsWith('fe80:'))
    .flatMap(({ address }) => [`address del ${address} dev ${link}`, `address add ${address} dev ${link}`]);
  await exec.run({
    doing: `soliciting routers on ${link}`,
    argv: ['ip', '-force', '-batch', '-'],
    stdin: lines.map(line => `${line}\n`).join(''),
    timeoutSeconds: 10,
  });
}

/** Kernel settings in addition to accept_ra (Documentation/networking/ip-sysctl.rst; ra_defrtr_metric since 5.12). */
export function advertisementSettings(preferences: Preferences): [string, string][] {
  const { metric, useGateway, useRoutes, useMtu } = preferences;
  return [
    ...(metric === undefined ? [] : [['ra_defrtr_metric', String(Math.max(1, metric))] as [string, string]]),
    ...(useGateway === false || useRoutes === false ? [['accept_ra_defrtr', '0'] as [string, string]] : []),
    ...(useMtu === false ? [['accept_ra_mtu', '0'] as [string, string]] : []),
  ];
}

function set(files: Doors['files'], link: string, name: string, value: string): void {
  if (files.exists(settingOf(link, name))) files.writeKernelFile(settingOf(link, name), value);
}

function settingOf(link: string, name: string): string {
  return `/proc/sys/net/ipv6/conf/${link}/${name}`;
}

/**
 * Writes /etc/resolv.conf with the name servers of the configuration, DHCP and routers.
 * @param place puts the configuration's servers last if its gateways do not answer
 */
export async function writeNameServers(
  { exec, files }: Doors,
  resolvConf: string,
  place: 'first' | 'last',
): Promise<void> {
  const [here, there] = place === 'first' ? ['0-config', 'z-config'] : ['z-config', '0-config'];
  files.writeAtomic(`${nameServers}/${here}`, resolvConf, 0o644);
  files.remove(`${nameServers}/${there}`);
  await exec.attempt({
    doing: 'writing /etc/resolv.conf',
    argv: [`${scripts}/resolvconf`],
    timeoutSeconds: 10,
  });
}

/**
 * Starts rdnssd, if the image has it. The kernel uses addresses and routes from router advertisements, but only passes their name
 * servers (RFC 8106) to listeners on netlink. Start it before the kernel solicits a router. rdnssd cannot distinguish links, so
 * dabei omits it only if no link uses name servers from routers.
 */
export async function watchNameServers(
  { exec, files }: Doors,
  { interfaces }: Pick<NetworkConfig, 'interfaces'>,
): Promise<void> {
  const listening = interfaces.flatMap(({ acceptRa }) => (acceptRa === false ? [] : [acceptRa]));
  const isUnwanted = (each: (typeof listening)[number]) => typeof each === 'object' && each.useDns === false;
  if (listening.length > 0 && listening.every(isUnwanted)) return;
  const program = '/usr/sbin/rdnssd';
  const pidFile = '/run/dabei/rdnssd.pid';
  const pid = files.readText(pidFile)?.trim();
  if (!files.exists(program) || (pid !== undefined && files.exists(`/proc/${pid}`))) return;
  files.makeDirectory(nameServers);
  await exec.startDaemon({
    doing: 'listening for name servers in router advertisements',
    argv: [
      ...[program, '-f', '-u', 'root', '-p', pidFile],
      ...['-r', `${nameServers}/ra`, '-H', `${scripts}/resolvconf`],
    ],
    logFile: '/var/log/rdnssd.log',
  });
}
