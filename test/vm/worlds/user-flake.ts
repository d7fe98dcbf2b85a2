import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import { checkout, run } from '../../../image/lib/host.ts';
import { bootInstalled, finishInstall, startInstall, stageFailed } from '../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../harness/disk.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import { isDhcpRequest, isIPv6 } from '../harness/packets.ts';
import { macOf } from '../harness/machine/qemu.ts';
import { serveFiles, type FileServer } from '../harness/serve.ts';
import type { Site } from '../harness/site.ts';
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

interface Refused {
  name: string;
  about: string;
  memoryMiB: number;
  attribute: string;
  stage: string;
  code?: ErrorCode;
  says: RegExp;
  /** What to do about it; to correct the flake, without it. */
  next?: RegExp;
}

/** With 4 GiB all of them are refused while the disk is as it was. */
const flakes: Refused[] = [
  {
    name: 'attribute',
    about: "the owner's flake has no such system: what it has is said, and the disk is untouched",
    memoryMiB: 4096,
    attribute: 'db',
    stage: 'evaluate',
    says: /the flake has no nixosConfigurations\.db; it has: .*web/,
  },
  {
    name: 'small-memory',
    about: 'the same with little memory: found on the disk, and the machine stays reachable',
    memoryMiB: 1024,
    attribute: 'db',
    stage: 'install',
    says: /the flake has no nixosConfigurations\.db; it has: .*web/,
  },
  {
    name: 'option',
    about:
      "the owner's flake sets an option that does not exist: Nix's own message, and the disk is untouched",
    memoryMiB: 4096,
    attribute: 'misspelt',
    stage: 'evaluate',
    says: /networking\.hostNam\b/,
  },
  {
    name: 'no-system',
    about: 'the attribute is no NixOS system: the disk is untouched',
    memoryMiB: 4096,
    attribute: 'none',
    stage: 'evaluate',
    says: /nixosConfigurations\.none of the flake is not a NixOS system/,
  },
  {
    name: 'locked',
    about:
      'a system that cannot be switched to, and so cannot install its boot loader: the disk is untouched',
    memoryMiB: 4096,
    attribute: 'locked',
    stage: 'evaluate',
    says: /cannot be switched to.*set both to true/,
  },
  {
    name: 'reader',
    about:
      "a file of the installer's is read while the system is evaluated: refused, and the disk is untouched",
    memoryMiB: 4096,
    attribute: 'reader',
    stage: 'evaluate',
    code: 'FLAKE_IMPURE',
    says: /access to absolute path '\/run\/dabei\/boot' is forbidden/,
    next: /next: have the flake read only/,
  },
  {
    name: 'silent',
    about: 'the SSH server is disabled: nobody could log in, and the disk is untouched',
    memoryMiB: 4096,
    attribute: 'silent',
    stage: 'evaluate',
    code: 'NO_LOGIN',
    says: /services\.openssh\.enable is false/,
    next: /next: set services\.openssh\.enable .*system\.allowDisabledSsh/,
  },
];

export const userFlakeWorlds: World[] = [
  {
    name: 'install-user-flake',
    about:
      "an owner's flake with other disks, host id and gateway; static address: installed, unlocked there, reached",
    limitSeconds: 1800,
    script: async (site, report) =>
      withFlake(site, 'web', async flake => {
        const disk = site.disk('target', 4096);
        const config = await site.installConfig({ network, system: { flake } });
        const guest = {
          // Enough for being evaluated in RAM first.
          memoryMiB: 4096,
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
        assert.match(install.console.text, /evaluate: done/);
        const { machine, ssh, unlockHostKey } = await bootInstalled(
          site,
          { ...guest, memoryMiB: 1024 },
          { by: 'ssh' },
        );
        await assertInstalled(site, ssh, unlockHostKey);
        assert.match(await ssh.run('cat /etc/owners-flake'), /from the owner's flake/);
        assert.equal((await ssh.run('hostname')).trim(), 'tiny');
        assert.match(await ssh.run('cat /etc/nixos/.git/HEAD'), /refs\/heads\/main/);
        assert.match(await ssh.run('cat /etc/nixos/flake.nix'), /inputs\.config\.url/);
        await machine.end();
      }),
  },
  {
    name: 'install-spying-flake',
    about: 'a flake looks for secrets while it is built and activated, as root: it finds none of them',
    limitSeconds: 1800,
    script: async site =>
      withFlake(site, 'spy', async flake => {
        const disk = site.disk('target', 4096);
        const guest = { memoryMiB: 4096, disks: [disk] };
        const install = await startInstall(site, await site.installConfig({ system: { flake } }), guest);
        const { passphrase } = site.keys;
        // Where people put them.
        await site.ssh().waitUntilUp(180);
        await site.ssh().run('umask 077; tee /root/key >/tmp/key', { stdin: passphrase });
        await finishInstall(site, install);
        const { machine, ssh } = await bootInstalled(site, { ...guest, memoryMiB: 1024 });
        for (const file of ['/run/current-system/stolen-at-build', '/stolen-at-activation']) {
          const found = await ssh.run(`cat ${file}`);
          assert.match(found, /^looked$/m, 'it has looked');
          assert.deepEqual(findSecrets(found, secretBytes(site.keys)), [], file);
          assert.doesNotMatch(found, /PRIVATE KEY|dabei\.config=(?!\S{0,12}$)/m, file);
        }
        await machine.end();
      }),
  },
  ...flakes.map(({ name, about, memoryMiB, attribute, stage, says, ...refused }): World => ({
    name: `refuse-flake-${name}`,
    about,
    limitSeconds: 900,
    script: async site =>
      withFlake(site, attribute, async flake => {
        const config = await site.installConfig({ system: { flake } });
        const disk = site.disk('target', 4096);
        fillWithForeignBytes(disk.file);
        const before = await hashDisk(disk.file);
        const machine = await startInstall(site, config, { memoryMiB, disks: [disk] });
        const failed = await stageFailed(machine, 500);
        assert.deepEqual(failed, { stage, code: refused.code ?? 'FLAKE_EVALUATION' });
        assert.match(machine.console.text, says);
        await site.ssh().waitUntilUp(60);
        assert.match(machine.console.text, refused.next ?? /next: correct the flake/);
        await machine.end();
        if (stage === 'evaluate') assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
      }),
  })),
];
