import assert from 'node:assert/strict';
import { fillWithForeignBytes, hashDisk } from '../harness/disk.ts';
import { freePort } from '../harness/machine/machine.ts';
import { dropping, isDhcpRequest, isIPv6 } from '../harness/packets.ts';
import { stageDone, stageFailed } from '../guests/install.ts';
import { configParameter } from '../harness/site.ts';
import { macOf } from '../harness/machine/qemu.ts';
import type { World } from '../world.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';

const mac = macOf({}, 0);

export const networkWorlds: World[] = [
  {
    name: 'static-address',
    about:
      'a static address where no DHCP server answers; `dabei plan` prints the commands and touches nothing',
    limitSeconds: 240,
    script: async site => {
      const disk = site.disk('target', 3072);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const config = await site.installConfig({
        network: {
          interfaces: [
            {
              mac,
              addresses: ['10.0.2.50/24'],
              routes: [{ destination: 'default', gateway: '10.0.2.2' }],
            },
          ],
          dns: { servers: ['10.0.2.3'] },
        },
      });
      const machine = await site.startImage({
        name: 'static',
        memoryMiB: 512,
        disks: [disk],
        parameters: [configParameter(config), 'dabei.mode=plan'],
        limitSeconds: 200,
        network: {
          wire: dropping(frame => isDhcpRequest(frame) || isIPv6(frame)),
          forward: [{ hostPort: site.sshPort, guestAddress: '10.0.2.50', guestPort: 22 }],
        },
      });
      await stageDone(machine, 'rescue', 120);
      const ssh = site.ssh();
      await ssh.waitUntilUp(60);
      assert.match(await ssh.run('ip -4 -oneline address show scope global'), /inet 10\.0\.2\.50\/24 /);
      assert.match(await ssh.run('ip -4 route show default'), /^default via 10\.0\.2\.2 /);
      assert.match(await ssh.run('cat /etc/resolv.conf'), /^nameserver 10\.0\.2\.3$/m);

      const plan = await ssh.run('dabei plan', { seconds: 90 });
      for (const command of [
        /^sgdisk .*--new=4:/m,
        /^zpool create .*<<< \[secret\]$/m,
        /^zpool export rpool$/m,
      ]) {
        assert.match(plan, command);
      }
      const texts = [plan, await ssh.run('dabei logs'), await ssh.run('cat /proc/cmdline')];
      for (const text of texts) assert.deepEqual(findSecrets(text, secretBytes(site.keys)), []);

      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'planning touches nothing');
    },
  },
  {
    name: 'dead-gateway',
    about: 'the configured gateway is dead: DHCP takes over, the static address stays, nothing is installed',
    limitSeconds: 240,
    script: async site => {
      const leasedPort = await freePort();
      const parameters = [
        'ip=10.0.2.50::10.0.2.99:255.255.255.0::eth0:off',
        configParameter(await site.installConfig()),
      ];
      const disk = site.disk('target', 3072);
      const before = await hashDisk(disk.file);
      const machine = await site.startImage({
        name: 'dead-gateway',
        memoryMiB: 512,
        disks: [disk],
        parameters,
        limitSeconds: 200,
        network: {
          forward: [
            { hostPort: site.sshPort, guestAddress: '10.0.2.50', guestPort: 22 },
            { hostPort: leasedPort, guestPort: 22 },
          ],
        },
      });
      const failed = await stageFailed(machine, 150);
      assert.deepEqual(failed, { stage: 'plan', code: 'NETWORK_SILENT_GATEWAY' });
      for (const port of [site.sshPort, leasedPort]) {
        const ssh = site.ssh({ port });
        await ssh.waitUntilUp(60);
        const addresses = await ssh.run('ip -4 -oneline address show scope global');
        assert.match(addresses, /inet 10\.0\.2\.50\/24 /);
        assert.match(addresses, /inet 10\.0\.2\.15\/24 /);
      }
      assert.match(await site.ssh().run('ip -4 route show default'), /^default via 10\.0\.2\.2 /m);
      assert.match(machine.console.text, /\(10\.0\.2\.99\)[^]*next: .*network\.allowUnreachableGateways/);
      const byHand = await site.ssh().attempt('dabei install', { seconds: 90 });
      assert.notEqual(byHand.exitCode, 0);
      await machine.console.waitFor(/^stage 2\/8 plan: failed.*\nerror NETWORK_SILENT_GATEWAY: /m, 10);
      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
    },
  },
];
