import assert from 'node:assert/strict';
import { join } from 'node:path';
import { bundleNames } from '../../../image/bundle.ts';
import { checkout } from '../../../image/host.ts';
import { debianCpu, leasedNetwork, makeDebian, oldHostName, oldMachineId, staticNetwork } from '../debian.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, stageDone } from '../install.ts';
import type { Machine } from '../machine.ts';
import { serveFiles } from '../serve.ts';
import type { Site } from '../site.ts';
import type { Ssh } from '../ssh.ts';
import type { World } from '../world.ts';

/** A running Debian is left by the bundle's own `run`, over SSH, for real. */

interface Old {
  machine: Machine;
  ssh: Ssh;
}

/** Debian up, and the bundle unpacked on it. */
async function openDebian(site: Site, network: string, memoryMiB: number): Promise<Old> {
  const { disk, boot } = await makeDebian(site, network);
  const machine = await site.start({
    name: 'debian',
    cpu: debianCpu,
    memoryMiB,
    disks: [disk],
    boot,
    limitSeconds: 560,
  });
  const ssh = site.ssh();
  await machine.console.waitFor(/login: $/m, 300);
  await ssh.waitUntilUp(120);
  const server = await serveFiles({ bundle: join(checkout('out'), bundleNames.tarball) });
  // A minimal system has neither curl nor wget.
  const fetch = `set -e
exec 3<>/dev/tcp/10.0.2.2/${server.port}
printf 'GET /bundle HTTP/1.0\\r\\n\\r\\n' >&3
while IFS= read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
tar -xz -C /root <&3
`;
  await ssh.run('bash -s', { stdin: fetch, seconds: 180 });
  await server.close();
  return { machine, ssh };
}

/** Starts `run`; what it says ends with the announcement that nixos-anywhere looks for. */
async function leave({ ssh }: Old, options: string): Promise<string> {
  const said = await ssh.run(`./kexec/run ${options} 2>&1`, { seconds: 240 });
  assert.match(said, /machine will boot into nixos/);
  return said;
}

/** Waits for the rescue system, under the same host key and the same authorized key. */
async function arrive({ machine, ssh }: Old): Promise<void> {
  await stageDone(machine, 'rescue', 240);
  await ssh.waitUntilUp(60);
}

export const kexecWorlds: World[] = [
  {
    name: 'kexec-static',
    core: false,
    about:
      'Debian 13 with a /32 and an onlink gateway becomes the rescue system: same address, host key and login',
    limitSeconds: 560,
    script: async site => {
      const old = await openDebian(site, staticNetwork, 512);
      const said = await leave(old, '--return-after 0');
      await arrive(old);
      assert.match(said, /kept .*10\.0\.2\.15\/32/);
      assert.match(said, /default via 10\.0\.2\.2 dev \S+ onlink/);
      assert.match(said, /erased +nothing/);
      const { ssh } = old;
      assert.match(await ssh.run('cat /etc/os-release'), /VARIANT_ID="?installer/);
      assert.equal((await ssh.run('hostname')).trim(), oldHostName);
      assert.equal((await ssh.run('cat /etc/machine-id')).trim(), oldMachineId);
      const addresses = await ssh.run('ip -brief address; ip route; cat /etc/resolv.conf');
      assert.match(addresses, /10\.0\.2\.15\/32/);
      assert.match(addresses, /fd00:da:be:2::15\/64/);
      assert.match(addresses, /default via 10\.0\.2\.2 .*onlink/);
      assert.match(addresses, /nameserver 10\.0\.2\.3/);
      assert.doesNotMatch(addresses, /proto dhcp/);
    },
  },
  {
    name: 'kexec-install',
    core: false,
    about:
      'Debian 13 becomes NixOS on its own disk, unattended, with its address, host key and login, without a console',
    limitSeconds: 1200,
    script: async site => {
      const old = await openDebian(site, staticNetwork, 768);
      const { version, hostId, system } = await site.installConfig();
      const write = (name: string, text: string) => old.ssh.run(`cat >${name}`, { stdin: text });
      await write('host.json', JSON.stringify({ version, hostId, system }));
      await write('/dev/shm/key', site.keys.passphrase + '\n');
      const said = await leave(
        old,
        '--config host.json --disk /dev/vda --wipe --disk-key-file /dev/shm/key --yes',
      );
      assert.match(said, /erased +\/dev\/vda +4 GiB, serial debian: ext4 mounted at \//);
      assert.ok(!said.includes(site.keys.passphrase), 'the passphrase is not shown');
      const { leastFreeMiB } = await finishInstall(site, old.machine);
      assert.ok(leastFreeMiB > 0);
      const [disk] = [{ file: join(site.directory, 'debian.raw'), serial: 'debian' }];
      const { ssh, machine } = await bootInstalled(site, { memoryMiB: 512, disks: [disk] });
      assert.equal((await ssh.run('hostname')).trim(), oldHostName);
      assert.match(await ssh.run('ip address'), /10\.0\.2\.15\/32/);
      await machine.end();
      await assertNoSecretOnDisk(site, disk);
    },
  },
  {
    name: 'kexec-dhcp-refused',
    core: false,
    about:
      'what speaks against it is said, with exit code 10, and Debian runs on; then it is left with a lease',
    limitSeconds: 560,
    script: async site => {
      const old = await openDebian(site, leasedNetwork, 512);
      const refused = async (options: string, code: string, prepare = 'true') => {
        const result = await old.ssh.attempt(`${prepare}; ./kexec/run ${options} </dev/null`, {
          seconds: 120,
        });
        assert.equal(result.exitCode, 10, result.stdout + result.stderr);
        assert.match(result.stderr, new RegExp(`^error ${code}: `, 'm'));
        assert.equal(
          (await old.ssh.run('cat /sys/kernel/kexec_loaded; ls -A kexec | grep memory || true')).trim(),
          '0',
        );
      };
      await refused('--install --disk /dev/vda', 'DISK_FOREIGN_DATA');
      await refused('--install --disk /dev/vdz --wipe', 'DISK_NOT_FOUND');
      await refused(`--append ${'x'.repeat(2048)}`, 'PREFLIGHT_COMMAND_LINE');
      await refused('', 'PREFLIGHT_IMAGE_HASH', 'cp kexec/initrd initrd.whole; truncate -s -1 kexec/initrd');
      await old.ssh.run('mv initrd.whole kexec/initrd');
      const unknown = await old.ssh.attempt('./kexec/run --nonsense', { seconds: 30 });
      assert.equal(unknown.exitCode, 2);
      await leave(old, '');
      await arrive(old);
      assert.match(await old.ssh.run('dabei status'), /rescue/);
    },
  },
];
