import assert from 'node:assert/strict';
import { bootInstalled, finishInstall, startInstall } from '../guests/install.ts';
import type { World } from '../world.ts';

export const impermanenceWorlds: World[] = [
  {
    name: 'impermanence',
    about: 'the root file system is empty after every start; host keys, state, logs and the host flake stay',
    limitSeconds: 1500,
    script: async (site, report) => {
      const guest = { memoryMiB: 1024, firmware: 'bios', disks: [site.disk('target', 4096)] } as const;
      const usual = await site.installConfig();
      const config = { ...usual, system: { ...usual.system, impermanence: true } };
      const install = await startInstall(site, config, guest);
      report.leastFreeMiB = (await finishInstall(site, install)).leastFreeMiB;

      const first = await bootInstalled(site, guest);
      const machineId = await first.ssh.run('cat /etc/machine-id');
      assert.match(machineId, /^[0-9a-f]{32}\n$/);
      for (const path of ['/root/gone', '/etc/gone', '/var/lib/stays', '/home/stays', '/persist/stays'])
        await first.ssh.run(`echo here > ${path}`);
      await first.ssh.run('sync');
      await first.machine.end();

      // The client pins the host key, so reaching it shows that it is the same.
      const second = await bootInstalled(site, guest);
      const { ssh } = second;
      const left = await ssh.run('ls /root /etc/gone /var/lib /home /persist /etc/nixos /var/log 2>&1; true');
      assert.doesNotMatch(left, /^gone$/m);
      assert.equal(left.match(/^stays$/gm)?.length, 3, left);
      assert.match(left, /^flake\.nix$/m);
      assert.match(left, /^dabei\.jsonl$/m);
      assert.equal(await ssh.run('cat /etc/machine-id'), machineId);
      await second.machine.end();
    },
  },
];
