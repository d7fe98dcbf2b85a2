import type { ConfigInput } from '../../agent/config/schema.ts';
import type { Disk, Facts, Link } from '../../agent/facts.ts';
import type { Random } from '../support/random.ts';
import { opensshFile, string } from './keys.ts';

/** Random configurations and machines, valid but for what only the planner can see. */

/** A key in OpenSSH's format (PROTOCOL.key), whose numbers are random; nothing in dabei calculates with them. */
export function randomHostKey(random: Random): string {
  const point = random.bytes(32);
  const check = random.bytes(4);
  const blob = Buffer.concat([string('ssh-ed25519'), string(point)]);
  return opensshFile(blob, Buffer.concat([random.bytes(32), point]), check);
}

export function randomAuthorizedKey(random: Random): string {
  const blob = Buffer.concat([string('ssh-ed25519'), string(random.bytes(32))]);
  const options = random.chance(0.3)
    ? `${random.pick(['no-pty', 'from="192.0.2.0/24"', 'restrict,pty'])} `
    : '';
  return `${options}ssh-ed25519 ${blob.toString('base64')} ${random.word()}`;
}

const disks = ['/dev/vda', '/dev/vdb', '/dev/nvme0n1', '/dev/disk/by-id/ata-A', 'only'] as const;
const layouts = ['single', 'mirror', 'raidz1', 'raidz2', 'raidz3'] as const;

/** A passphrase that occurs nowhere else. */
function randomPassphrase(random: Random): string {
  return `p4ss ${random.hex(16)}'"$`;
}

export function randomConfig(random: Random): ConfigInput {
  const name = `web-${random.word(1, 6).replace(/^-|-$/g, 'x')}`.replace(/-$/, 'x');
  return {
    version: 1,
    hostName: random.chance(0.3) ? `${name}.example.org` : name,
    ...(random.chance(0.7) ? { hostId: random.hex(8) } : {}),
    ...(random.chance(0.3) ? { machineId: random.hex(32) } : {}),
    rootAuthorizedKeys: random.list(1, 3, () => randomAuthorizedKey(random)),
    ...(random.chance(0.5)
      ? { ssh: { hostKeys: [randomHostKey(random)], port: random.integer(1, 65535) } }
      : {}),
    ...(random.chance(0.7) ? { network: randomNetwork(random) } : {}),
    disks: {
      layout: random.pick(layouts),
      devices: random.list(1, 4, () =>
        random.chance(0.7)
          ? random.pick(disks)
          : { serial: random.word(), transport: random.pick(['virtio', 'nvme']) },
      ),
      key: randomPassphrase(random),
      ...(random.chance(0.5) ? { wipe: random.pick([true, false, 'full' as const]) } : {}),
      ...(random.chance(0.3) ? { swap: random.pick(['auto' as const, 0, '1GiB']) } : {}),
      ...(random.chance(0.2) ? { esp: '1GiB' } : {}),
    },
    system: {
      ...(random.chance(0.3)
        ? { flake: `github:me/infra${random.pick(['', '?dir=hosts', '/main'])}#${random.word()}` }
        : {}),
      ...(random.chance(0.2) ? { impermanence: true } : {}),
      ...(random.chance(0.5) ? { stateVersion: '26.05' } : {}),
    },
  };
}

function randomNetwork(random: Random): NonNullable<ConfigInput['network']> {
  return {
    interfaces: random.list(0, 3, () => ({
      mac: random.mac(),
      addresses: random.list(0, 3, () =>
        random.chance(0.5)
          ? `${random.ipv4()}/${random.integer(8, 32)}`
          : `${random.ipv6()}/${random.integer(16, 128)}`,
      ),
      routes: random.list(0, 2, () =>
        random.chance(0.5)
          ? { destination: 'default' as const, gateway: random.ip(), onlink: random.chance(0.5) }
          : { destination: `${random.ipv4()}/32`, gateway: random.ipv4(), metric: random.integer(0, 9999) },
      ),
      ...(random.chance(0.3) ? { mtu: random.integer(1280, 9000) } : {}),
      ...(random.chance(0.3) ? { dhcp: random.chance(0.5) } : {}),
    })),
    dns: { servers: random.list(0, 2, () => random.ip()), search: random.some(['example.org', 'a.test']) },
  };
}

/** A machine with some of the disks that random configurations name. */
export function randomFacts(random: Random): Facts {
  const present = random.some(['/dev/vda', '/dev/vdb', '/dev/vdc', '/dev/nvme0n1'], 0.7);
  return {
    firmware: random.pick(['bios', 'uefi']),
    memoryBytes: random.pick([256, 512, 1024, 4096, 65536]) * 2 ** 20,
    system: 'x86_64-linux',
    machine: {
      vendor: 'QEMU',
      model: random.word(),
      cpuVendor: 'Intel',
      cpuModel: null,
      virtualization: 'kvm',
    },
    disks: present.map(path => randomDisk(random, path)),
    links: random.list(0, 3, () => randomLink(random)),
    consoles: random.some(['tty0', 'ttyS0,115200']),
  };
}

function randomDisk(random: Random, path: string): Disk {
  const sector = random.pick([512, 512, 4096]);
  return {
    path,
    aliases: random.some([`/dev/disk/by-path/${path.slice(5)}`, `/dev/disk/by-id/ata-${random.word()}`]),
    sizeBytes: (random.chance(0.05) ? 0.1 : random.pick([4, 20, 4000])) * 2 ** 30,
    logicalSectorBytes: sector,
    physicalSectorBytes: random.pick([sector, 4096]),
    model: random.pick([null, random.word()]),
    serial: random.pick([null, random.word()]),
    wwn: random.pick([null, `0x${random.hex(16)}`]),
    transport: path.includes('nvme') ? 'nvme' : 'virtio',
    readOnly: random.chance(0.02),
    removable: random.chance(0.05),
    drivers: ['virtio_blk'],
    bootMedium: random.chance(0.02),
    contents: random.chance(0.3)
      ? [
          {
            ...{ device: `${path}1`, deviceType: 'part', sizeBytes: 2 ** 30, partUuid: random.hex(8) },
            ...{
              signature: random.pick(['ext4', 'zfs_member', 'swap', 'crypto_LUKS']),
              label: random.word(),
            },
            mountPoints: random.some(['/old', '[SWAP]'], 0.2),
          },
        ]
      : [],
  };
}

function randomLink(random: Random): Link {
  return {
    name: `eth${random.integer(0, 9)}`,
    mac: random.mac(),
    driver: random.pick(['virtio_net', 'e1000e', null]),
    modalias: null,
    carrier: random.chance(0.8),
    mtu: 1500,
  };
}
