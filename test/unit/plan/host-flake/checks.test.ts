import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import type { Facts } from '../../../../agent/facts.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { planNukeDisk } from '../../../../agent/plan/disks/nuke-disk.ts';
import { Secret } from '../../../../agent/secret.ts';
import { checkout } from '../../../../image/lib/host.ts';
import { disk, link } from '../example.ts';

/** nix/checks/install/machines.json: the machines that `nix flake check` installs, as dabei describes them. */

const mac = '52:54:00:da:be:01';
const serials = { single: ['first'], mirror: ['first', 'second'] } as const;

function machine(firmware: 'bios' | 'uefi', layout: 'single' | 'mirror') {
  const names = serials[layout].map(serial => `/dev/disk/by-id/virtio-${serial}`);
  const config: ConfigInput = {
    hostName: 'checked',
    network: {
      interfaces: [
        {
          mac,
          addresses: ['192.168.1.77/24'],
          routes: [{ destination: 'default', gateway: '192.168.1.1' }],
        },
      ],
    },
    disks: { devices: names, layout, wipe: true, key: 'correct-horse-battery' },
  };
  const facts: Facts = {
    firmware,
    memoryBytes: 4 * 2 ** 30,
    system: 'x86_64-linux',
    machine: { vendor: 'QEMU', model: null, cpuVendor: null, cpuModel: null, virtualization: 'kvm' },
    disks: names.map((alias, index) =>
      disk({
        path: `/dev/vd${'ab'[index]}`,
        aliases: [alias],
        serial: serials[layout][index]!,
        transport: 'virtio',
      }),
    ),
    links: [link({ name: 'eth0', mac, driver: 'virtio_net' })],
    consoles: ['ttyS0'],
  };
  // The installer asks for a public key; that of the tests is nixpkgs'.
  const parsed = configSchema.parse({ ...config, rootAuthorizedKeys: [] });
  const storage = planNukeDisk(parsed, facts.disks, facts, new Secret(Buffer.alloc(32)));
  return { config, runtimeInfo: { ...runtimeInfo(parsed, facts, storage), sshHostKeys: ['ed25519'] } };
}

// After a change: TAP_SNAPSHOT=1 node … test/unit/plan/host-flake/checks.test.ts, then prettier
t.test('what the checks install is what dabei would write', async t => {
  const made = {
    'bios-single': machine('bios', 'single'),
    'bios-mirror': machine('bios', 'mirror'),
    'uefi-single': machine('uefi', 'single'),
    'uefi-mirror': machine('uefi', 'mirror'),
  };
  const path = checkout('nix/checks/install/machines.json');
  if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`);
  t.same(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(JSON.stringify(made)));
  for (const { runtimeInfo } of Object.values(made))
    t.match(runtimeInfo.disks[0]?.path, '/dev/disk/by-id/virtio-first', 'the name that a machine keeps');
});
