import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../image/files.ts';
import { checkout, run } from '../../../image/host.ts';
import { bootInstalled, finishInstall, startInstall, stageFailed } from '../install.ts';
import { isDhcpRequest, isIPv6 } from '../packets.ts';
import { macOf } from '../qemu.ts';
import { serveFiles, type FileServer } from '../serve.ts';
import type { Site } from '../site.ts';
import type { World } from '../world.ts';
import { assertInstalled } from './install.ts';

/** The system comes from an owner's flake that knows nothing of this machine. */

const address = '10.0.2.50';
const network = {
  interfaces: [
    {
      mac: macOf({}, 0),
      addresses: [`${address}/24`],
      routes: [{ destination: 'default' as const, gateway: '10.0.2.2' }],
    },
  ],
  dns: { servers: ['10.0.2.3'] },
};

/** The fixture as the archive that Nix fetches. */
async function serveFlake(site: Site, nixpkgs: string): Promise<FileServer> {
  const directory = join(site.directory, 'infra');
  const source = checkout('test/fixtures/user-flake');
  for (const name of files.list(source))
    files.write(join(directory, name), files.readText(join(source, name)).replace('@nixpkgs@', nixpkgs));
  const archive = join(site.directory, 'infra.tar.gz');
  await run({
    doing: "packing the owner's flake",
    argv: ['tar', '-czf', archive, '-C', site.directory, 'infra'],
    timeoutSeconds: 30,
  });
  return serveFiles({ 'infra.tar.gz': archive });
}

async function withFlake(
  site: Site,
  attribute: string,
  work: (flake: string) => Promise<void>,
): Promise<void> {
  const { system } = await site.installConfig();
  const server = await serveFlake(site, system!.nixpkgs!);
  try {
    await work(`${server.urlFor('infra.tar.gz')}#${attribute}`);
  } finally {
    await server.close();
  }
}

export const userFlakeWorlds: World[] = [
  {
    name: 'install-user-flake',
    core: false,
    about:
      "an owner's flake with other disks, host id and gateway; static address: installed, unlocked there, reached",
    limitSeconds: 1800,
    script: async (site, report) =>
      withFlake(site, 'web', async flake => {
        const disk = site.disk('target', 4096);
        const config = await site.installConfig({ network, system: { flake } });
        const guest = {
          memoryMiB: 1024,
          disks: [disk],
          network: {
            // There is no DHCP server: what is reached, is reached at the configured address.
            drop: (frame: Buffer) => isDhcpRequest(frame) || isIPv6(frame),
            forward: [
              { hostPort: site.sshPort, guestAddress: address, guestPort: 22 },
              { hostPort: site.unlockPort, guestAddress: address, guestPort: 2222 },
            ],
          },
        };
        const install = await startInstall(site, config, guest);
        const { leastFreeMiB } = await finishInstall(site, install);
        report.leastFreeMiB = leastFreeMiB;
        const { machine, ssh, unlockHostKey } = await bootInstalled(site, guest, { by: 'ssh' });
        await assertInstalled(site, ssh, unlockHostKey);
        assert.match(await ssh.run('cat /etc/owners-flake'), /from the owner's flake/);
        assert.equal((await ssh.run('hostname')).trim(), 'tiny');
        assert.match(await ssh.run('cat /etc/nixos/.git/HEAD'), /refs\/heads\/main/);
        assert.match(await ssh.run('cat /etc/nixos/flake.nix'), /inputs\.config\.url/);
        await machine.end();
      }),
  },
  {
    name: 'refuse-flake-attribute',
    core: false,
    about: "the owner's flake has no such system: what it has is said, and the machine stays reachable",
    limitSeconds: 900,
    script: async site =>
      withFlake(site, 'db', async flake => {
        const config = await site.installConfig({ system: { flake } });
        const machine = await startInstall(site, config, {
          memoryMiB: 1024,
          disks: [site.disk('target', 4096)],
        });
        const { stage, code } = await stageFailed(machine, 500);
        assert.deepEqual({ stage, code }, { stage: 'install', code: 'FLAKE_EVALUATION' });
        assert.match(machine.console.text, /the flake has no nixosConfigurations\.db; it has: web/);
        await site.ssh().waitUntilUp(60);
        await machine.end();
      }),
  },
];
