import { isDeepStrictEqual } from 'node:util';
import type { RuntimeInfo } from '../../agent/plan/host-flake/runtime-info.ts';
import { rescueFaults, type RescueValues } from './rescue-faults.ts';
import { trialFaults, type TrialValues } from './trial-faults.ts';

/** What evaluate.nix yields. */
export interface Evaluated {
  toplevel: string;
  warnings: string[];
  failedAssertions: string[];
  networkUnits: Record<string, string>;
  initrdNetworkUnits: Record<string, string>;
  fileSystems: Record<string, { device: string; fsType: string; options: string[] }>;
  resumeDevice: string;
  initrdLuks: string[];
  requestEncryptionCredentials: boolean | string[];
  swap: string[];
  hostName: string;
  hostId: string;
  useDHCP: boolean;
  useNetworkd: boolean;
  networkdEnabled: boolean;
  networkManager: boolean;
  nameservers: string[];
  defaultGateways: unknown[];
  scripted: Record<
    string,
    { useDHCP: boolean | null; mtu: number | null; addresses: string[]; routes: string[] }
  >;
  /** networking.dhcpcd.extraConfig */
  dhcpcd: string;
  /** What the kernel takes of router advertisements, by sysctl. */
  advertisements: Record<string, unknown>;
  links: Record<string, string | null>;
  unlock: {
    program: boolean;
    pools: string;
    imports: Record<string, Record<'after' | 'before' | 'requiredBy' | 'wantedBy', string[]>>;
    sshd: string[];
    shell: string;
    packages: string[];
    programs: string[];
    initrdTarget: string[];
  };
  initrdModules: string[];
  initrdSecrets: Record<string, string>;
  initrdSsh: { enable: boolean; port: number; keys: string[] };
  supportsInitrdSecrets: boolean;
  grub: { enable: boolean; mirroredBoots: { path: string; devices: string[] }[] };
  systemdBoot: boolean;
  kernelParams: string[];
  zfs: { devNodes: string; forceImportRoot: boolean };
  firmware: boolean;
  microcode: { amd: boolean; intel: boolean };
  stateVersion: string;
  rescue: RescueValues;
  trial: TrialValues;
}

export interface Expected {
  /** The flake's own style where it wraps one that has another. */
  scripted: boolean;
  stateVersion: string;
}

/** What does not hold of an evaluated system, one line each. */
export function faults(info: RuntimeInfo, values: Evaluated, { scripted, stateVersion }: Expected): string[] {
  return [
    ...values.warnings.map(text => `warning: ${text}`),
    ...values.failedAssertions.map(text => `failed assertion: ${text}`),
    ...same('hostName', values.hostName, info.hostName),
    ...same('hostId', values.hostId, info.hostId),
    ...same('stateVersion', values.stateVersion, stateVersion),
    ...networkFaults(info, values, scripted),
    ...stage1Faults(info, values),
    ...unlockFaults(info, values),
    ...storageFaults(info, values),
    ...rescueFaults(info, values.rescue),
    ...trialFaults(info, values.trial, values.rescue, values.initrdModules),
  ];
}

function networkFaults(info: RuntimeInfo, values: Evaluated, scripted: boolean): string[] {
  const { interfaces, dns } = info.network;
  const isDhcpAnywhere = interfaces.length === 0;
  const common = [
    ...same('useNetworkd', values.useNetworkd, !scripted),
    ...same('networkd', values.networkdEnabled, !scripted),
    ...same('NetworkManager', values.networkManager, false),
    ...same('default gateways outside of routes', values.defaultGateways, []),
    ...same('useDHCP', values.useDHCP, scripted && isDhcpAnywhere),
  ];
  if (!scripted) {
    return [
      ...common,
      ...same('scripted interfaces', values.scripted, {}),
      // Stage 1 has the same units; only what is asked of addresses left by stage 1 may differ.
      ...same('networkd units of stage 1', values.initrdNetworkUnits, values.networkUnits),
    ];
  }
  return [
    ...common,
    ...same('networkd units', values.networkUnits, {}),
    ...holds(
      'DNS servers',
      [...dns.servers].every(server => values.nameservers.includes(server)),
    ),
    ...same('scripted interfaces', Object.keys(values.scripted), interfaces.map(({ name }) => name).sort()),
    ...interfaces.flatMap(entry => preferenceFaults(entry, values)),
    ...interfaces.flatMap(({ name, mac, addresses, routes, dhcp }) => [
      ...same(
        `addresses of ${name}`,
        values.scripted[name]?.addresses,
        addresses.map(({ address }) => address),
      ),
      ...same(
        `routes of ${name}`,
        [...(values.scripted[name]?.routes ?? [])].sort(),
        routes.map(({ destination, gateway }) => `${destination.split('/')[0]} ${gateway ?? ''}`).sort(),
      ),
      ...same(`DHCP on ${name}`, values.scripted[name]?.useDHCP, dhcp),
      ...(mac === null ? [] : same(`name of ${mac}`, values.links[`10-${mac.replaceAll(':', '')}`], name)),
    ]),
  ];
}

type Interface = RuntimeInfo['network']['interfaces'][number];

/** dhcpcd.conf(5); ip-sysctl.rst of the kernel. */
function preferenceFaults(entry: Interface, values: Evaluated): string[] {
  const { name, acceptRa } = entry;
  const lease = entry.lease ?? {};
  const ra = entry.advertisements ?? {};
  const [, block = ''] = `\n${values.dhcpcd}`.split(`\ninterface ${name}\n`);
  const lines = block
    .split(/\ninterface /)[0]!
    .split('\n')
    .filter(Boolean);
  const hasGateway = ({ useGateway, useRoutes }: typeof ra) => useGateway !== false && useRoutes !== false;
  const sysctl = (setting: string) =>
    values.advertisements[`net.ipv6.conf.${name.replaceAll('.', '/')}.${setting}`];
  const wanted: [string, boolean][] = [
    [`metric ${lease.metric}`, lease.metric !== undefined],
    ['nogateway', !hasGateway(lease)],
    ['nooption domain_name_servers, domain_name, domain_search', lease.useDns === false],
    ['nooption interface_mtu', lease.useMtu === false || entry.mtu !== null],
    ['nooption host_name', lease.useHostName === false],
    ['noipv6rs', !acceptRa],
  ];
  return [
    ...same(
      `dhcpcd for ${name}`,
      lines.filter(line => !line.startsWith('nooption classless')),
      entry.dhcp ? wanted.flatMap(([line, isWanted]) => (isWanted ? [line] : [])) : [],
    ),
    ...(entry.kind === 'loopback' ? [] : same(`accept_ra of ${name}`, sysctl('accept_ra'), acceptRa ? 1 : 0)),
    ...same(`ra_defrtr_metric of ${name}`, sysctl('ra_defrtr_metric'), ra.metric),
    ...same(`accept_ra_defrtr of ${name}`, sysctl('accept_ra_defrtr'), hasGateway(ra) ? undefined : 0),
    ...same(`accept_ra_mtu of ${name}`, sysctl('accept_ra_mtu'), ra.useMtu === false ? 0 : undefined),
  ];
}

function stage1Faults(info: RuntimeInfo, values: Evaluated): string[] {
  const units = Object.values(values.initrdNetworkUnits).join('\n');
  const initrdKey = '/etc/ssh/initrd_ssh_host_ed25519_key';
  const { cpuVendor, virtualization } = info.machine;
  const isPhysical = virtualization === false;
  return [
    ...info.network.interfaces.flatMap(entry => [
      ...holds(
        `stage 1: ${entry.name}`,
        units.includes(entry.mac === null ? `Name=${entry.name}\n` : `PermanentMACAddress=${entry.mac}\n`),
      ),
      ...entry.addresses.flatMap(({ address }) => holds(address, units.includes(`Address=${address}\n`))),
      ...entry.routes.flatMap(({ gateway }) =>
        holds(`${gateway}`, gateway === null || units.includes(`Gateway=${gateway}\n`)),
      ),
    ]),
    ...holds('stage 1: DHCP', info.network.interfaces.length > 0 || units.includes('DHCP=yes\n')),
    ...[...info.modules.disks, ...info.modules.network].flatMap(name =>
      holds(`stage 1: module ${name}`, values.initrdModules.includes(name)),
    ),
    ...same('SSH in stage 1', values.initrdSsh, {
      enable: true,
      port: 2222,
      keys: [...new Set([...info.rootAuthorizedKeys, ...values.initrdSsh.keys])],
    }),
    ...same('initrd secrets', values.initrdSecrets, {
      [initrdKey]: initrdKey,
      ...(info.copies ? { '/etc/dabei': '/etc/dabei', '/etc/hostid': '/etc/dabei/hostid' } : {}),
    }),
    ...same('supportsInitrdSecrets', values.supportsInitrdSecrets, true),
    ...info.consoles.flatMap(name => holds(name, values.kernelParams.includes(`console=${name}`))),
    // A flake may load more, for other machines that it is for.
    ...holds('firmware', values.firmware || !isPhysical),
    ...holds("the CPU's microcode", !isPhysical || cpuVendor !== 'AMD' || values.microcode.amd),
    ...holds("the CPU's microcode", !isPhysical || cpuVendor !== 'Intel' || values.microcode.intel),
    ...(info.flake === null
      ? [
          ...same('firmware', values.firmware, isPhysical),
          ...holds('no other microcode', !(values.microcode.amd && values.microcode.intel)),
        ]
      : []),
  ];
}

/** What unlock.sh takes for granted: names of units and their order, and the programs of stage 1. */
function unlockFaults(info: RuntimeInfo, { unlock }: Evaluated): string[] {
  const { pool } = info;
  return [
    ...holds('unlock', unlock.program),
    ...(pool === null ? [] : poolUnlockFaults(pool.name, linksOf(info), unlock)),
    // What isolating initrd.target does not stop.
    ...same('sshd of stage 1 is wanted by', unlock.sshd, ['initrd.target']),
    ...same('initrd.target is also', unlock.initrdTarget, ['default.target']),
    ...same('the shell of stage 1', unlock.shell, '/bin/bash'),
    ...['coreutils', 'systemd', 'bash-interactive'].flatMap(program =>
      holds(`stage 1 has ${program}`, unlock.packages.includes(program)),
    ),
    ...['unlock', ...(pool === null ? [] : ['zfs', 'zpool'])].flatMap(program =>
      holds(`stage 1 has ${program}`, unlock.programs.includes(program)),
    ),
  ];
}

function poolUnlockFaults(pool: string, links: string, { pools, imports }: Evaluated['unlock']): string[] {
  const name = `zfs-import-${pool}`;
  const { after = [], before = [], requiredBy = [] } = imports[name] ?? {};
  return [
    ...same('/etc/unlock.conf', pools, `${pool} ${links} -r ${pool}\n`),
    ...same('services that import pools', Object.keys(imports), [name]),
    ...['sysroot.mount', 'zfs-import.target'].flatMap(unit => [
      ...holds(`${name} is required by ${unit}`, requiredBy.includes(unit)),
      ...holds(`${name} is before ${unit}`, before.includes(unit)),
    ]),
    ...holds(`${name} is after the console's agent`, after.includes('systemd-ask-password-console.service')),
  ];
}

/** Of a disk that is copied, the links are those of its own partitions (nix/host-flake/copies.nix). */
const linksOf = ({ copies }: RuntimeInfo): string => (copies ? '/dev/dabei' : '/dev/disk/by-partuuid');

function storageFaults(info: RuntimeInfo, values: Evaluated): string[] {
  const uefi = info.firmware === 'uefi';
  const partition = (name: string, id: string) => `${linksOf(info)}/${info.copies ? name : id}`;
  const devices = [
    ...(info.pool?.datasets ?? []).map(({ name, mountpoint }) => [mountpoint, name] as const),
    ...info.disks.map(disk => [disk.espMountpoint, partition('esp', disk.espPartuuid)] as const),
    ...(info.impermanence?.directories ?? []).map(path => [path, `/persist${path}`] as const),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...same(
      'fileSystems',
      Object.fromEntries(Object.entries(values.fileSystems).map(([path, { device }]) => [path, device])),
      Object.fromEntries(devices),
    ),
    ...info.disks.flatMap(({ espMountpoint }) =>
      holds(
        `nofail of ${espMountpoint}`,
        values.fileSystems[espMountpoint]?.options.includes('nofail') === info.disks.length > 1,
      ),
    ),
    ...same(
      'swap',
      values.swap,
      info.disks.flatMap(disk => (disk.swapPartuuid === null ? [] : [partition('swap', disk.swapPartuuid)])),
    ),
    ...same('resumeDevice', values.resumeDevice, ''),
    ...same('LUKS devices of stage 1', values.initrdLuks, []),
    ...same('requestEncryptionCredentials', values.requestEncryptionCredentials, true),
    ...same('zfs', values.zfs, { devNodes: linksOf(info), forceImportRoot: false }),
    ...same('systemd-boot', values.systemdBoot, uefi),
    ...same('GRUB', values.grub.enable, !uefi),
    ...same(
      'GRUB mirroredBoots',
      values.grub.mirroredBoots,
      info.disks.map(disk => ({
        path: disk.espMountpoint,
        devices: [info.copies ? '/dev/dabei/disk' : disk.path],
      })),
    ),
  ];
}

function same(what: string, seen: unknown, wanted: unknown): string[] {
  return isDeepStrictEqual(seen, wanted)
    ? []
    : [`${what} is ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`];
}

function holds(what: string, isTrue: boolean): string[] {
  return isTrue ? [] : [`${what} is missing`];
}
