import assert from 'node:assert/strict';
import { makeBusybox } from '../../guests/busybox.ts';
import { oldHostName, type OldSystem } from '../../guests/debian.ts';
import { arrive, byBash, byWget, leave, openOld, servedKeys, type Fetching } from '../../guests/leave.ts';
import { makeNixosShaped } from '../../guests/nixos-shaped.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** Old systems that are not like Debian: the bundle's shell part has to do with what is there. */

interface Row {
  name: string;
  about: string;
  make: (site: Site) => Promise<OldSystem>;
  fetching: Fetching;
  /** Shell, true when the system has its shape. */
  shape: string;
  /** Public halves of the old host keys. */
  oldKeys: string;
  /** What `run` must say, and what the new system must have. */
  said: readonly RegExp[];
  has: readonly RegExp[];
  /** The new system asks for a lease. */
  dhcp: boolean;
}

const everywhere = [/10\.0\.2\.15\//, /default via 10\.0\.2\.2 /, /nameserver 10\.0\.2\.3/];
const bothFamilies = [...everywhere, /fd00:da:be:2::15\/64/, /default via fd00:da:be:2::2 /];

const busybox = {
  fetching: byWget,
  shape: `for name in tar mount losetup modprobe unshare sha256sum; do
  $name --help 2>&1 | grep -q BusyBox || exit 1
done
! command -v bash && ! command -v systemctl && ! command -v ssh-keygen`,
  oldKeys: 'dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep ^ssh- | cut -d" " -f1,2',
};

const rows: Row[] = [
  {
    name: 'busybox',
    about:
      'a system of busybox and dropbear alone becomes the rescue system: same addresses, host key and login',
    ...busybox,
    make: site => makeBusybox(site, 'static'),
    said: [/kept .*eth0 .*10\.0\.2\.15\/24,/, /default via 10\.0\.2\.2 dev eth0/],
    has: [...bothFamilies, /10\.0\.2\.15\/24/],
    dhcp: false,
  },
  {
    name: 'busybox-dhcp',
    about: "the same with a lease of busybox's udhcpc, which is a lease again",
    ...busybox,
    make: site => makeBusybox(site, 'leased'),
    said: [/kept .*eth0 .*10\.0\.2\.15\/24 \(leased\)/],
    has: [...everywhere, /10\.0\.2\.15\/24/],
    dhcp: true,
  },
  {
    name: 'nixos-shaped',
    about: 'programs in the store alone, and keys in /etc/ssh/authorized_keys.d: the rescue system, as above',
    make: makeNixosShaped,
    fetching: byBash,
    shape: `[ "$PATH" = /run/current-system/sw/bin ] && [ "$(ls /bin)" = sh ] && [ "$(ls /usr/bin)" = env ] &&
  [ ! -e /sbin ] && [ ! -e /usr/sbin ] && [ ! -e /root/.ssh/authorized_keys ]`,
    oldKeys: 'cd /etc/ssh; for key in ssh_host_*_key.pub; do cut -d" " -f1,2 $key; done | sort',
    said: [/kept .*10\.0\.2\.15\/32/, /default via 10\.0\.2\.2 dev/],
    has: [...bothFamilies, /10\.0\.2\.15\/32/],
    dhcp: false,
  },
];

/** What `run --dry-run` must leave as it was. */
const untouched = 'cat /proc/mounts /sys/kernel/kexec_loaded; losetup -a; ls -A kexec';

function shapeWorld({ name, about, make, fetching, shape, oldKeys, said, has, dhcp }: Row): World {
  return {
    name: `kexec-${name}`,
    about,
    limitSeconds: 900,
    script: async site => {
      const old = await openOld(site, await make(site), { memoryMiB: 512 }, fetching);
      const { ssh } = old;
      await ssh.run(shape);
      const keys = await ssh.run(oldKeys);
      assert.ok(keys.includes(site.keys.host.public));

      const before = await ssh.run(untouched);
      const trial = await ssh.run('./kexec/run --dry-run 2>&1', { seconds: 240 });
      assert.match(trial, /^nothing was changed \(--dry-run\)$/m);
      assert.equal(await ssh.run(untouched), before);

      const text = await leave(old, '--return-after 0');
      await arrive(old);
      for (const pattern of [...said, /erased +nothing/]) assert.match(text, pattern);
      assert.doesNotMatch(text, /only basic checks are possible/, 'the program itself has looked');
      assert.match(await ssh.run('cat /etc/os-release'), /VARIANT_ID="?installer/);
      assert.equal((await ssh.run('hostname')).trim(), oldHostName);
      const network = await ssh.run('ip address; ip route; ip -6 route; cat /etc/resolv.conf');
      for (const pattern of has) assert.match(network, pattern);
      assert.equal(/^eth0: 10\.0\.2\.15.*\(dhcp\)$/m.test(old.machine.console.text), dhcp);
      assert.equal(await servedKeys(ssh), keys, 'every host key is the old one');
      assert.match(await ssh.run('dabei status'), /rescue/);
    },
  };
}

export const kexecShapeWorlds: World[] = rows.map(shapeWorld);
