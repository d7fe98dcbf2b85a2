import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  bondedNetwork,
  leasedNetwork,
  oldHostName,
  oldMachineId,
  staticNetwork,
  vlanOfBond,
  type DebianOptions,
} from '../../guests/debian.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, stageFailed } from '../../guests/install.ts';
import { arrive, leave, oldUp, openDebian, servedKeys } from '../../guests/leave.ts';
import { taggedPort } from '../../harness/packets.ts';
import type { GuestOptions, Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** The kexec bundle on real Debian systems: what was kept, and what follows. */

interface Row {
  name: string;
  about: string;
  debian: DebianOptions;
  options?: (site: Site) => Partial<GuestOptions>;
  /** What `run` must say, and what the new system must have. */
  said: readonly RegExp[];
  has: readonly RegExp[];
  hasNot: readonly RegExp[];
}

const statically = {
  said: [/kept .*10\.0\.2\.15\/32/, /default via 10\.0\.2\.2 dev \S+ onlink/],
  has: [
    /10\.0\.2\.15\/32/,
    /fd00:da:be:2::15\/64/,
    /default via 10\.0\.2\.2 .*onlink/,
    /default via fd00:da:be:2::2 /,
    /nameserver 10\.0\.2\.3/,
  ],
  hasNot: [/proto dhcp/],
};

const rows: Row[] = [
  {
    name: 'static',
    about:
      'Debian 13 with a /32 and an onlink gateway becomes the rescue system: same addresses, host keys and login',
    debian: { network: staticNetwork },
    ...statically,
  },
  {
    name: 'debian-12',
    about: 'the same from Debian 12',
    debian: { release: 'bookworm', network: staticNetwork },
    ...statically,
  },
  {
    name: 'dhcp',
    about: 'Debian 13 with a lease becomes the rescue system, with a lease again',
    debian: { network: leasedNetwork },
    said: [/kept .*10\.0\.2\.15\/24/],
    has: [/10\.0\.2\.15\/24/, /default via 10\.0\.2\.2 /, /nameserver 10\.0\.2\.3/],
    hasNot: [],
  },
  {
    name: 'bond-vlan',
    about:
      'Debian 13 whose address is in a VLAN on a bond of two cards: the bond and the VLAN are there again',
    debian: { network: bondedNetwork },
    options: ({ sshForward }) => ({
      networks: [{ forward: sshForward, cards: 2, wire: taggedPort(vlanOfBond) }],
    }),
    said: statically.said,
    has: [
      ...statically.has,
      /bond0: .*active-backup|bond mode active-backup/,
      /vlan protocol 802\.1Q id 123/,
    ],
    hasNot: statically.hasNot,
  },
];

const oldKeys = 'cd /etc/ssh; for key in ssh_host_*_key.pub; do cut -d" " -f1,2 $key; done | sort';

function keptWorld({ name, about, debian, options, said, has, hasNot }: Row): World {
  return {
    name: `kexec-${name}`,
    about,
    limitSeconds: 900,
    everywhere: debian.release !== 'bookworm',
    script: async site => {
      const old = await openDebian(site, debian, { memoryMiB: 512, ...options?.(site) });
      const { ssh } = old;
      const keys = await ssh.run(oldKeys);
      assert.match(keys, /ecdsa-sha2-nistp256 [^]*ssh-ed25519 [^]*ssh-rsa /, 'Debian has keys of all types');
      const text = await leave(old, '--return-after 0');
      await arrive(old);
      for (const pattern of [...said, /erased +nothing/]) assert.match(text, pattern);
      assert.match(await ssh.run('cat /etc/os-release'), /VARIANT_ID="?installer/);
      assert.equal((await ssh.run('hostname')).trim(), oldHostName);
      assert.equal((await ssh.run('cat /etc/machine-id')).trim(), oldMachineId);
      const network = await ssh.run('ip -details address; ip route; ip -6 route; cat /etc/resolv.conf');
      for (const pattern of has) assert.match(network, pattern);
      for (const pattern of hasNot) assert.doesNotMatch(network, pattern);
      assert.equal(await servedKeys(ssh), keys, 'every host key is the old one');
      assert.match(await ssh.run('dabei status'), /rescue/);
    },
  };
}

export const kexecWorlds: World[] = [
  ...rows.map(keptWorld),
  {
    name: 'kexec-install',
    about:
      'Debian 13 becomes NixOS on its own disk, unattended, with its address, host key and login, without a console',
    limitSeconds: 1200,
    everywhere: true,
    script: async site => {
      const old = await openDebian(site, { network: staticNetwork }, { memoryMiB: 768, limitSeconds: 1000 });
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
    name: 'kexec-no-driver',
    about:
      'a driver is missing in the new system (forced): no network, nobody logs in, and the old Debian is back',
    limitSeconds: 900,
    script: async site => {
      const card = { forward: site.sshForward, model: 'e1000e' } as const;
      const old = await openDebian(
        site,
        { release: 'bookworm', network: staticNetwork },
        { memoryMiB: 512, networks: [card] },
      );
      await leave(old, '--return-after 60 --append module_blacklist=e1000e');
      assert.deepEqual(await stageFailed(old.machine, 240), { stage: 'network', code: 'NETWORK_NO_LINK' });
      await old.machine.console.waitFor(/nobody logged in within 60 s: restarting into the old system/, 120);
      await old.machine.waitForEnd(60);
      await oldUp(await old.again(), old.ssh);
      assert.equal((await old.ssh.run('hostname')).trim(), oldHostName);
    },
  },
];
