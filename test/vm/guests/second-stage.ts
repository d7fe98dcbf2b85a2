import { join } from 'node:path';
import { cacheDirectory } from '../../../image/lib/cache.ts';
import { debs } from '../../../image/debian/packages.ts';
import { openSite } from '../harness/site.ts';

/**
 * Installs the packages of a Debian of another architecture (unpackForeign), whose scripts this machine cannot start: our rescue system
 * does, in an emulated machine. As debootstrap(8) does with --foreign and --second-stage.
 */

/** As a user of dpkg(1) without a terminal; debconf(7). */
const quiet =
  'DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C PATH=/usr/sbin:/usr/bin';

const script = `set -eu
mkdir /old
mount /dev/vda /old
for place in proc sys dev; do mount --rbind /$place /old/$place; done
# No service is started (invoke-rc.d(8)).
printf '#!/bin/sh\nexit 101\n' >/old/usr/sbin/policy-rc.d
chmod 755 /old/usr/sbin/policy-rc.d
: >>/old/var/lib/dpkg/status
: >>/old/var/lib/dpkg/available
in_old() { chroot /old /usr/bin/env -i ${quiet} "$@"; }
# Users and groups come first, which other packages' scripts name.
in_old sh -c 'dpkg --force-depends --install /${debs}/base-passwd.deb /${debs}/base-files.deb'
in_old sh -c 'dpkg --force-depends --force-confold --unpack /${debs}/*.deb'
in_old dpkg --configure --pending
rm -r /old/${debs} /old/usr/sbin/policy-rc.d
for place in proc sys dev; do umount -R /old/$place; done
umount /old
`;

/** @param disk an ext4 with the files, which is changed */
export async function installPackages(disk: string): Promise<void> {
  const site = await openSite(join(cacheDirectory, 'worlds', 'second-stage'), 3600);
  try {
    const machine = await site.startImage({
      name: 'second-stage',
      memoryMiB: 1024,
      disks: [{ file: disk, serial: 'debian' }],
      parameters: [site.rescueParameter()],
      limitSeconds: 3600,
    });
    const ssh = site.ssh();
    await ssh.waitUntilUp(400);
    await ssh.run('sh -s', { stdin: script, seconds: 3000 });
    await machine.end();
  } finally {
    await site.close();
  }
}
