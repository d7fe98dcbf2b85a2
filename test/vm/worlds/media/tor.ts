import assert from 'node:assert/strict';
import { join } from 'node:path';
import { poll } from '../../../../agent/host/clock.ts';
import { addressOfKey, isOnionAddress } from '../../../../agent/keys/onion.ts';
import * as files from '../../../../image/lib/files.ts';
import { appendix, type Member } from '../../../../image/media/cpio.ts';
import { findReserved } from '../../../../image/media/reserved/medium-file.ts';
import { encodeReserved, reservedBytes } from '../../../../image/media/reserved/reserved-file.ts';
import { newOnionKey } from '../../../fixtures/onion-key.ts';
import { stageDone, stageFailed } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk, writeAt } from '../../harness/disk.ts';
import { image } from '../../harness/image.ts';
import { findSecrets } from '../../harness/keys.ts';
import type { Site } from '../../harness/site.ts';
import type { Ssh } from '../../harness/ssh.ts';
import { readPicture } from '../../harness/picture.ts';
import { timeScale } from '../../harness/time-scale.ts';
import { openTorNetwork, type TorNetwork } from '../../harness/tor/network.ts';
import type { World } from '../../world.ts';
import { medium } from '../media.ts';

/** The onion service of a medium with Tor, in a private Tor network; and a medium without Tor. */

/** A copy of a medium whose reserved file has a configuration and, in an archive of its own, files of a test. */
function configured(site: Site, from: string, config: object, members: readonly Member[] = []): string {
  if (!files.exists(from))
    throw new Error(`there is no ${from}: npm run image -- --variant tor`);
  const file = join(site.directory, 'medium.raw');
  files.copy(from, file);
  const found = findReserved((offset, length) => files.readAt(file, offset, length), file);
  if (found instanceof Error) throw found;
  const { bytes } = encodeReserved({ 'dabei.json': Buffer.from(JSON.stringify(config)) });
  const whole = Buffer.concat([bytes, appendix(bytes.length, members)]);
  assert.ok(whole.length <= reservedBytes);
  writeAt(file, found.offset, whole);
  return file;
} // prettier-ignore

/** The machine's clock at its start; the image is newer. */
const longAgo = '2020-01-01T00:00:00';

async function reachByOnion(site: Site, tor: TorNetwork): Promise<void> {
  const key = newOnionKey();
  const address = addressOfKey(key);
  const config = {
    mode: 'rescue',
    hostName: 'behind-tor',
    rootAuthorizedKeys: [site.keys.user.public],
    ssh: { hostKeys: [site.keys.host.private] },
    tor: { key: key.toString('base64'), timeFrom: tor.timeUrl },
  };
  const network = { path: 'dabei/torrc.d/50-test.conf', content: tor.clientLines };
  const file = configured(site, image.torIso, config, [network]);
  const machine = await site.start({
    name: 'medium',
    memoryMiB: 512,
    disks: [medium(file, 'cd')],
    boot: { from: 'disk' },
    clock: longAgo,
    within: argv => tor.within(argv),
    limitSeconds: 560,
  });
  await stageDone(machine, 'tor', 200);
  await stageDone(machine, 'rescue', 60);
  assert.match(machine.console.text, new RegExp(`ssh root@${address}`), 'on the console');

  // By its own address first, which Tor has nothing to do with.
  const here = site.ssh({ away: { within: tor.within } });
  await here.waitUntilUp(60);
  const isConnected = async () => {
    const { onion } = JSON.parse(await here.run('dabei status --json')) as { onion: { address: string; state: string } };
    assert.equal(onion.address, address);
    return onion.state === 'connected' || null;
  };
  assert.ok(await poll(isConnected, 120 * timeScale, 3), await here.run('tail -n 20 /var/log/tor.log'));
  await looksRight(here, key);

  const { within, proxyCommand } = tor;
  const onion = site.ssh({ port: 22, away: { host: address, proxyCommand, within } });
  await onion.waitUntilUp(180);
  assert.equal((await onion.run('hostname')).trim(), 'behind-tor');
  assert.match(await onion.run('echo $SSH_CONNECTION'), /^127\.0\.0\.1 /, 'through Tor');
} // prettier-ignore

/** Who Tor is, what it listens to, and where its key is. */
async function looksRight(ssh: Ssh, key: Buffer): Promise<void> {
  const status = await ssh.run('dabei status');
  assert.match(status, new RegExp(`^onion service: ssh root@${addressOfKey(key)}`, 'm'));
  const now = Number(await ssh.run('date +%s'));
  assert.ok(Math.abs(now - Date.now() / 1000) < 600, `the clock was set: ${now}`);
  const places = await ssh.run('stat -c "%a %U %n" /var/lib/tor /var/lib/tor/ssh /var/lib/tor/ssh/hs_ed25519_secret_key');
  const names = places.trim().split('\n').map(line => line.replace(/ \S+$/, ''));
  assert.deepEqual(names, ['700 tor', '700 tor', '600 tor']);
  const user = await ssh.run('grep -E "^(Name|Uid):" /proc/$(cat /run/dabei/tor.pid)/status');
  assert.match(user, /^Name:\ttor\nUid:\t105\t105\t105\t105/);
  const ports = await ssh.run("netstat -ltn | awk '$4 ~ /:/ { print $4 }' | sort -u");
  assert.deepEqual(ports.trim().split('\n').filter(port => !/:22$/.test(port)), [], 'no port but that of sshd');
  const secrets = {
    'the onion key in base64': Buffer.from(key.toString('base64').slice(48, 80)),
    'the onion key': key.subarray(36, 60),
  };
  const told = await ssh.run("cat /var/log/* /run/dabei/status.json; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; dmesg");
  assert.ok(told.length > 1000);
  assert.deepEqual(findSecrets(told, secrets), []);
} // prettier-ignore

const byOnion: World = {
  name: 'medium-tor',
  about:
    'nix-dabei-tor.iso in a private Tor network, its clock years behind: ssh by the onion address of the given key; Tor is nobody and listens to nothing',
  limitSeconds: 900,
  script: async site => {
    const directory = join(site.directory, 'tor');
    files.makeDirectory(directory);
    const tor = await openTorNetwork(directory);
    try {
      await reachByOnion(site, tor);
    } finally {
      await Promise.all(site.machines.map(machine => machine.end()));
      await tor.close();
    }
  },
};

/** A network with nobody in it. */
const alone = (argv: readonly [string, ...string[]]): [string, ...string[]] => [
  ...(['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'] as const),
  ...argv,
];

const drawn: World = {
  name: 'medium-tor-screen',
  about:
    'nix-dabei-tor.iso as it was built, on UEFI, where nobody tells the time and Tor reaches nobody: a drawn address, on the display and in its QR code',
  limitSeconds: 500,
  script: async site => {
    const machine = await site.start({
      name: 'medium',
      memoryMiB: 512,
      firmware: 'uefi',
      display: true,
      disks: [medium(image.torIso, 'cd')],
      boot: { from: 'disk' },
      within: alone,
      limitSeconds: 480,
    });
    await stageDone(machine, 'rescue', 300);
    const { console } = machine;
    assert.match(console.text, /warning: nobody tells the time \(asked: https:\/\/cache\.nixos\.org\)/);
    const [, address = ''] = /onion service: ssh root@(\S+)/.exec(console.text) ?? [];
    assert.ok(isOnionAddress(address));
    // The display may be a moment behind.
    const isShown = async () => {
      const now = await readPicture(machine, site.directory, 'screen');
      return now?.split('\n').includes(`ssh://root@${address}`) ? now : null;
    };
    const said = await poll(isShown, 60 * timeScale, 2);
    assert.match(said ?? 'no code with the onion address', /^ssh:\/\/root@10\.0\.2\.15\n/);
    console.type('\n');
    await console.waitFor(/:[~/]\S*# /, 60);
    console.type('dabei status\n');
    await console.waitFor(new RegExp(`^onion service: ssh root@${address} \\(Tor connects: \\d+ %\\)`, 'm'), 60);
  },
}; // prettier-ignore

const missing: World = {
  name: 'medium-tor-missing',
  about:
    'a configuration that asks for Tor on nix-dabei.iso: refused, with the name of the medium that has it; SSH answers, the disk is untouched',
  limitSeconds: 400,
  script: async site => {
    const disk = site.disk('target', 64);
    fillWithForeignBytes(disk.file);
    const before = await hashDisk(disk.file);
    const config = {
      rootAuthorizedKeys: [site.keys.user.public],
      ssh: { hostKeys: [site.keys.host.private] },
      disks: { devices: ['/dev/vda'], wipe: true, key: site.keys.passphrase },
      tor: {},
    };
    const machine = await site.start({
      name: 'medium',
      memoryMiB: 512,
      disks: [medium(configured(site, image.iso, config), 'cd'), disk],
      boot: { from: 'disk' },
      limitSeconds: 380,
    });
    const failed = await stageFailed(machine, 250);
    assert.deepEqual(failed, { stage: 'config', code: 'VARIANT_MISSING' });
    assert.match(machine.console.text, /asks for Tor, and this image has none[^]*?next: start nix-dabei-tor\.iso/);
    await machine.console.waitFor(/^stage \d+\/\d+ ssh: done/m, 100);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    assert.match(await ssh.run('dabei status'), /^failed: .* config\nerror VARIANT_MISSING: /);
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is what it was');
  },
}; // prettier-ignore

export const torWorlds: World[] = [byOnion, drawn, missing];
