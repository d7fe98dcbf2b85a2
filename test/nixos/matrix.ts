import type { ConfigInput } from '../../agent/config/schema.ts';
import { config, disk, machines, storage, type ExampleMachine } from '../unit/plan/machines.ts';

/** Members that a layout has at least. */
const layouts = { single: 1, mirror: 2, raidz1: 3, raidz2: 4, raidz3: 5 } as const;
const firmwares = ['bios', 'uefi'] as const;

const nic = { mac: 'a8:a1:59:00:00:01' };
const networks: Readonly<Record<string, NonNullable<ConfigInput['network']>>> = {
  dhcp: {},
  static: {
    interfaces: [
      {
        ...nic,
        addresses: ['198.51.100.7/32', '2001:db8:1::7/64'],
        routes: [
          { destination: 'default', gateway: '198.51.100.1', onlink: true },
          { destination: 'default', gateway: 'fe80::1' },
        ],
      },
    ],
    dns: { servers: ['192.0.2.53'] },
  },
  leases: {
    interfaces: [
      { name: 'eth0', ...nic, dhcp: { metric: 200, useGateway: false }, acceptRa: { useGateway: false } },
      {
        name: 'eth1',
        mac: 'a8:a1:59:00:00:02',
        mtu: 1400,
        dhcp: { metric: 100, useDns: false, useHostName: false },
        acceptRa: true,
        requiredForOnline: false,
      },
      { name: 'eth2', mac: 'a8:a1:59:00:00:03', dhcp: { metric: 300 }, acceptRa: { metric: 300 } },
      { name: 'eth3', mac: 'a8:a1:59:00:00:04', dhcp: { useRoutes: false } },
      { name: 'eth4', mac: 'a8:a1:59:00:00:05', acceptRa: { useGateway: false } },
    ],
  },
  // dhcpcd cannot have both.
  'leases-and-others': {
    interfaces: [
      {
        name: 'eth0',
        ...nic,
        dhcp: { metric: 200, useGateway: false },
        acceptRa: { metric: 512, useMtu: false },
      },
    ],
  },
  'bond-vlan': {
    interfaces: [
      { name: 'eno1', ...nic },
      { name: 'eno2', mac: 'a8:a1:59:00:00:02' },
      { name: 'bond0', bond: { members: ['eno1', 'eno2'], mode: '802.3ad', miimon: 100, lacpRate: 'fast' } },
      {
        name: 'bond0.7',
        vlan: { link: 'bond0', id: 7 },
        addresses: ['198.51.100.7/24'],
        routes: [{ destination: 'default', gateway: '198.51.100.1' }],
      },
    ],
  },
};
const flakes: Readonly<Record<string, string | undefined>> = {
  plain: undefined,
  'user-flake': 'github:me/infra#web',
  'user-flake-networkd': 'github:me/infra#networkd',
  impermanence: undefined,
  'impermanence-user-flake': 'github:me/infra#web',
};

/** Every layout with every firmware, network and kind of flake. */
export function matrix(): Record<string, ExampleMachine> {
  const { facts } = machines['uefi-mirror'];
  const more = [2, 3, 4].map(number => ({
    ...facts.links[0]!,
    name: `eth${number}`,
    mac: `a8:a1:59:00:00:0${number + 1}`,
  }));
  const all: Record<string, ExampleMachine> = {};
  for (const [layout, members] of Object.entries(layouts)) {
    const disks = Array.from({ length: members }, (_, index) =>
      disk({ path: `/dev/nvme${index}n1`, aliases: [`/dev/disk/by-id/nvme-${index}`], transport: 'nvme' }),
    );
    for (const firmware of firmwares) {
      for (const [networkName, network] of Object.entries(networks)) {
        for (const [flakeName, flake] of Object.entries(flakes)) {
          all[`${layout} ${firmware} ${networkName} ${flakeName}`.replaceAll(' ', '_')] = {
            config: config({
              hostName: 'rack',
              network,
              system: {
                ...(flake === undefined ? {} : { flake }),
                impermanence: flakeName.startsWith('impermanence'),
              },
            }),
            facts: { ...facts, firmware, disks, links: [...facts.links, ...more] },
            storage: {
              ...storage(
                disks.map(({ aliases }) => aliases[0]!),
                'deadbeef',
              ),
              rescue: layout !== 'raidz1',
              // Not on a single disk with a rescue entry, so that both are seen.
              ...(layout === 'mirror' ? { trial: { minutes: 30, confirm: 'login', asks: true } } : {}),
              ...(layout === 'raidz2'
                ? {
                    trial: {
                      minutes: 30,
                      confirm: 'report',
                      asks: false,
                      watchdog: ['iTCO_wdt', 'i2c_i801'],
                    },
                  }
                : {}),
            },
          };
        }
      }
    }
  }
  return all;
}
