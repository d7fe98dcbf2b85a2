import assert from 'node:assert/strict';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../image/lib/host.ts';
import { tinyNixos } from '../harness/fixtures.ts';
import { writtenMiB } from '../harness/disk.ts';
import { bootInstalled, finishInstall, startInstall } from '../guests/install.ts';
import { serveFiles } from '../harness/serve.ts';
import type { Site } from '../harness/site.ts';
import type { World } from '../world.ts';

/** Installations that need more memory than there is. */

/**
 * A configuration as large as a real one of NixOS, whose evaluator has 804 MB at its peak (VmHWM, nixpkgs 26.11pre): 820 MB of
 * pairs that are all alive until the last one is added up.
 */
const largeFlake = (nixpkgs: string) => `{
  inputs.nixpkgs.url = "${nixpkgs}";
  outputs = { nixpkgs, ... }:
    let
      pairs = builtins.genList (n: [ n (n + 1) ]) 5700000;
      sum = builtins.foldl' (sum: pair: sum + builtins.elemAt pair 0 + builtins.elemAt pair 1) 0 pairs;
    in {
      nixosConfigurations.tiny = nixpkgs.lib.nixosSystem {
        modules = [ {
          networking.useNetworkd = true;
          systemd.network.enable = true;
          networking.useDHCP = false;
          boot.kernelParams = [ "sum=\${toString (sum + builtins.length pairs)}" ];
        } ];
      };
    };
}
`;

async function packFlake(site: Site, text: string): Promise<string> {
  const tarball = join(site.directory, 'large.tar');
  files.write(join(site.directory, 'large/flake.nix'), text);
  const argv = ['tar', '--create', `--file=${tarball}`, `--directory=${site.directory}`, 'large'];
  await run({ doing: 'packing a flake', argv, timeoutSeconds: 60 });
  files.write(`${tarball}.gz`, gzipSync(files.readBytes(tarball)));
  return `${tarball}.gz`;
}

interface Row {
  name: string;
  about: string;
  /** An eighth of the disk is swap, unless there is to be none. */
  diskMegabytes: number;
  swap?: 0;
  leastSwappedMiB: number;
}

const rows: Row[] = [
  {
    name: 'evaluation-large',
    about: '512 MB of memory, an evaluation that takes 820 MB: swap with a random key on the disk',
    diskMegabytes: 8192,
    leastSwappedMiB: 400,
  },
  {
    name: 'evaluation-large-zram',
    about: 'the same without a swap partition: compressed memory',
    diskMegabytes: 4096,
    swap: 0,
    leastSwappedMiB: 300,
  },
];

export const memoryWorlds: World[] = rows.map(row => ({
  name: row.name,
  about: row.about,
  limitSeconds: 1800,
  script: async (site, report) => {
    const served = await serveFiles({ 'tiny-nixos.tar.gz': await tinyNixos() });
    const flake = await packFlake(site, largeFlake(served.urlFor('tiny-nixos.tar.gz')));
    const server = await serveFiles({ 'large.tar.gz': flake });
    try {
      const config = await site.installConfig({
        system: { flake: `${server.urlFor('large.tar.gz')}#tiny` },
        disks: {
          devices: ['/dev/vda'],
          key: site.keys.passphrase,
          ...(row.swap === undefined ? {} : { swap: row.swap }),
        },
      });
      const disk = site.disk('target', row.diskMegabytes);
      const guest = { memoryMiB: 512, disks: [disk] };
      const install = await startInstall(site, config, { ...guest, limitSeconds: 1500 });
      const { leastFreeMiB, swappedOutMiB } = await finishInstall(site, install, 1200);
      report.leastFreeMiB = leastFreeMiB;
      // The kernel's own count is lost where the machine is too busy to answer.
      const swappedMiB = row.swap === 0 ? swappedOutMiB : await writtenMiB(disk.file, 'swap');
      assert.ok(swappedMiB >= row.leastSwappedMiB, `${swappedMiB} MiB were swapped out`);
      const { machine, ssh } = await bootInstalled(site, guest);
      assert.match(await ssh.run('cat /proc/cmdline'), /sum=\d{14}/);
      await machine.end();
    } finally {
      await Promise.all([served.close(), server.close()]);
    }
  },
}));
