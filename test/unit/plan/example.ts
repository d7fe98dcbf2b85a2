import { configSchema, type Config, type ConfigInput } from '../../../agent/config/schema.ts';
import type { Disk, Facts, Link } from '../../../agent/facts.ts';
import type { TargetStorage } from '../../../agent/plan/target.ts';

/** Machines of different kinds for tests of the host flake: what was asked for, what is there, what the disks became. */
export interface ExampleMachine {
  config: Config;
  facts: Facts;
  storage: TargetStorage;
}

const publicKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example';

export function disk(values: Partial<Disk> & { path: string }): Disk {
  return {
    aliases: [],
    sizeBytes: 20 * 2 ** 30,
    logicalSectorBytes: 512,
    physicalSectorBytes: 4096,
    model: null,
    serial: null,
    wwn: null,
    transport: null,
    readOnly: false,
    removable: false,
    bootMedium: false,
    contents: [],
    ...values,
  };
}

export function link(values: Partial<Link> & { name: string; mac: string }): Link {
  return { driver: null, modalias: null, carrier: true, mtu: 1500, ...values };
}

export function storage(disks: readonly string[], hostId: string, swap = true): TargetStorage {
  const guid = (member: number, partition: number) =>
    `0000000${partition}-0000-8000-8000-00000000000${member}`;
  return {
    poolName: 'rpool',
    hostId,
    disks,
    members: disks.map((path, index) => ({
      disk: path,
      espPartuuid: guid(index, 2),
      swapPartuuid: swap ? guid(index, 3) : null,
      zfsPartuuid: guid(index, 4),
    })),
    datasets: [
      { name: 'rpool/local/root', mountpoint: '/' },
      { name: 'rpool/local/nix', mountpoint: '/nix' },
      { name: 'rpool/safe/home', mountpoint: '/home' },
      { name: 'rpool/safe/persist', mountpoint: '/persist' },
    ],
  };
}

export function config(input: Partial<ConfigInput>): Config {
  return configSchema.parse({ rootAuthorizedKeys: [publicKey], ...input, version: 1 });
}
