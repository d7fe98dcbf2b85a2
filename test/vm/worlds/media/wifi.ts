import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import * as files from '../../../../image/lib/files.ts';
import { makersOf } from '../../../../image/media/firmware/cards.ts';
import { stageDone, stageFailed } from '../../guests/install.ts';
import { image } from '../../harness/image.ts';
import { findSecrets } from '../../harness/keys.ts';
import { configParameter, consoleParameters, type Site } from '../../harness/site.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import type { Ssh } from '../../harness/ssh.ts';
import { airAddress, airAnswer, initrdWithRadios, type AccessPoint } from '../../harness/wifi/radios.ts';
import type { World } from '../../world.ts';
import { openShell } from '../guided/guided.ts';
import { configure, copyOfIso, medium } from '../media.ts';

/** Wireless networks, by the image's own iwd; and the medium that has it. */

const passphrase = 'correct horse battery';

/**
 * A machine with a card, and an access point that only the card reaches.
 * @param isWired there is a cable, too
 * @param more of the configuration
 */
async function startWithRadios(
  site: Site,
  point: AccessPoint,
  network: ConfigInput['network'],
  {
    isWired = true,
    disks = [],
    more = {},
  }: { isWired?: boolean; disks?: DiskOptions[]; more?: ConfigInput } = {},
): Promise<Machine> {
  const initrd = await initrdWithRadios(join(site.directory, 'radios'), point);
  const config = {
    mode: 'rescue',
    rootAuthorizedKeys: [site.keys.user.public],
    ssh: { hostKeys: [site.keys.host.private] },
    network: { ...network, wifiCountry: 'DE' },
    ...more,
  };
  return site.start({
    name: 'wireless',
    memoryMiB: 512,
    disks,
    ...(isWired ? {} : { networks: [] }),
    boot: {
      from: 'kernel',
      kernel: image.kernel,
      initrd,
      append: [...consoleParameters, configParameter(config)].join(' '),
    },
    limitSeconds: 760,
  });
}

const ask = `wget -q -T 10 -O - http://${airAddress}/answer`;
/** That the radio beside both has heard; proc_net(5): bytes, and then packets. */
const frames = async (ssh: Ssh) => {
  const said = await ssh.run('nsenter --net="/proc/$(cat /run/ap.pid)/ns/net" cat /proc/net/dev');
  return Number(/^ *wlan2: *\d+ +(\d+)/m.exec(said)?.[1]);
};
/** For people, where a world fails. */
const logs =
  'for each in radios hostapd dbus iwd; do echo "== $each"; tail -n 40 "/var/log/$each.log"; done; lsmod; ps; dmesg | tail -n 20';
const onRadio = (words: string) =>
  `/usr/lib/test/lib/ld.so --library-path /usr/lib/test/lib /usr/lib/test/bin/${words}`;

/** util.c of iw, print_ssid_escaped */
const asIwPrints = (ssid: string) =>
  ssid.replace(/[^ -~]/g, each => [...Buffer.from(each)].map(byte => `\\x${byte.toString(16)}`).join(''));

const points: readonly AccessPoint[] = [
  { ssid: 'home', passphrase, security: 'wpa2' },
  { ssid: 'Café 3', passphrase, security: 'wpa3' },
  { ssid: 'attic', passphrase, security: 'wpa2', hidden: true },
];
const nameOf = ({ security, hidden = false }: AccessPoint) => (hidden ? 'hidden' : security);

const joined: World[] = points.map(point => ({
  name: `medium-wifi-${nameOf(point)}`,
  about: `a wireless network (${point.security.toUpperCase()}${point.hidden ? ', hidden' : ''}) of an access point beside the machine: an answer over it, frames in the air, the country's rules, and no answer once the access point is gone`,
  limitSeconds: 500,
  script: async site => {
    const { ssid, hidden = false } = point;
    const machine = await startWithRadios(site, point, { wifi: [{ ssid, passphrase, hidden }] });
    await stageDone(machine, 'rescue', 380);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    const said = await ssh.run(logs);
    files.write(join(site.directory, 'logs'), said);
    // On a busy host, iwd joins after dabei has brought the network up.
    const address = await ssh.attempt('for i in $(seq 60); do ip -4 address show dev wlan0 | grep -q "inet 10.77" && exit; sleep 1; done; exit 1', { seconds: 90 });
    assert.equal(address.exitCode, 0, `no address over the air:\n${said}`);
    const before = await frames(ssh);
    assert.equal((await ssh.run(ask)).trim(), airAnswer);
    assert.ok((await frames(ssh)) > before + 5, 'frames in the air');
    assert.match(await ssh.run(`ip route get ${airAddress}`), /dev wlan0/);
    assert.ok((await ssh.run(onRadio('iw dev wlan0 link'))).includes(`SSID: ${asIwPrints(ssid)}`));
    assert.match(await ssh.run(onRadio('iw reg get')), /^country DE: /m, 'the rules of the country, signed');
    await looksRight(ssh);

    // iwd is killed, is started again, and joins again.
    await ssh.run('kill -9 "$(pidof iwd)"');
    const again = await ssh.attempt(`for i in $(seq 90); do sleep 1; ${ask} && exit; done; exit 1`, { seconds: 240 });
    assert.equal(again.stdout.trim(), airAnswer, `after the end of iwd:\n${await ssh.run(logs)}`);
    assert.match(await ssh.run("cat /var/log/iwd.log"), /iwd has ended \(137\)[^]*new: connected/);

    await ssh.run('kill "$(cat /run/hostapd.pid)"');
    const gone = await ssh.attempt(ask, { seconds: 60 });
    assert.notEqual(gone.exitCode, 0, 'nothing answers without the access point');
  },
})); // prettier-ignore

/** Who listens, who can read the passphrase, and who tells it. */
async function looksRight(ssh: Ssh): Promise<void> {
  const modes = await ssh.run('stat -c "%a %U" /var/lib/iwd /var/lib/iwd/*.psk');
  assert.equal(modes.trim(), '700 root\n600 root');
  assert.match(await ssh.run('ps'), /\/usr\/libexec\/iwd/);
  const told = await ssh.run("cat /var/log/*.log /run/dabei/status.json; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; dmesg");
  assert.ok(told.length > 1000);
  assert.deepEqual(findSecrets(told, { 'the passphrase': Buffer.from(passphrase) }), []);
} // prettier-ignore

const wrong: World = {
  name: 'medium-wifi-wrong',
  about:
    'a wrong passphrase on a machine without a cable: refused by the access point, and said so, with what to do',
  limitSeconds: 500,
  script: async site => {
    const [home] = points;
    const network = { wifi: [{ ssid: home!.ssid, passphrase: 'incorrect horse' }] };
    const machine = await startWithRadios(site, home!, network, { isWired: false });
    const { stage } = await stageFailed(machine, 400);
    assert.equal(stage, 'network');
    const { text } = machine.console;
    assert.match(text, /^error WIFI_PASSPHRASE: .*"home" was found, and the access point refuses/m);
    assert.match(text, /^ {2}next: correct the passphrase in network\.wifi/m);
    assert.deepEqual(findSecrets(text, { 'the passphrase': Buffer.from('incorrect horse') }), []);
  },
};

const guided: World = {
  name: 'medium-wifi-setup',
  about:
    'dabei setup on a machine without a cable: lists the networks in reach, says that a passphrase is wrong, joins with the right one, and asks for an address where no server gives any',
  limitSeconds: 800,
  script: async site => {
    const point: AccessPoint = { ssid: 'home', passphrase, security: 'wpa2', givesAddresses: false };
    const machine = await startWithRadios(site, point, {}, {
      isWired: false,
      disks: [site.disk('target', 4096)],
      more: { console: { shell: 'root' } },
    });
    const { console } = machine;
    await stageFailed(machine, 300);
    await openShell(machine, 5);
    console.type('dabei setup\n');
    await console.waitFor(/\bneighbour\b[^]*\bnetwork: $/, 120);
    console.type('home\r');
    await console.waitFor(/\bpassphrase of the network: $/, 60);
    console.type('incorrect horse\r');
    await console.waitFor(/"home"\s+was\s+found[^]*\bnetwork: $/, 120);
    console.type('home\r');
    await console.waitFor(/\bpassphrase of the network: $/, 60);
    console.type(`${passphrase}\r`);
    await console.waitFor(/\baddress: $/, 180);
    console.type('10.77.0.50/24\r');
    await console.waitFor(/\bgateway: $/, 60);
    console.type(`${airAddress}\r`);
    await console.waitFor(/\bname servers [^]*: $/, 60);
    console.type('\r');
    await console.waitFor(/\bdisk: $/, 180);
    console.type('\u0003');
    await console.waitFor(/cancelled: no disk was changed[^]*# $/, 60);
    console.type(`${ask}\n`);
    await console.waitFor(new RegExp(`^${airAnswer}`, 'm'), 60);
    assert.deepEqual(findSecrets(console.text, { 'the passphrase': Buffer.from(passphrase) }), []);
  },
}; // prettier-ignore

/** Prints what is not unpacked of an archive. */
const lacking = (maker: string) =>
  `/usr/lib/dabei/firmware ${maker} && cd /usr/lib/firmware && busybox tar -t -J -f /usr/share/dabei/firmware/${maker}.tar.xz | while read -r file; do [ -e "$file" ] || echo "$file"; done`;

const asConfigured: World = {
  name: 'medium-wifi',
  about:
    'nix-dabei-wifi.iso, configured for a network on a machine without a card: reachable by its cable, with a warning; the kernel loads every driver; the firmware of every maker can be unpacked, and loading a driver unpacks it',
  limitSeconds: 500,
  script: async site => {
    const config: ConfigInput = { mode: 'rescue', ssh: { hostKeys: [site.keys.host.private] } };
    files.write(join(site.directory, 'pass'), `${passphrase}\n`);
    const wifi = ['--wifi', 'home', '--wifi-passphrase', join(site.directory, 'pass')];
    const options = ['--authorized-key', `${site.keys.user.file}.pub`, ...wifi];
    const file = copyOfIso(site, image.wifiIso);
    configure(site, file, config, options);
    const machine = await site.start({
      name: 'medium',
      memoryMiB: 512,
      disks: [medium(file, 'cd')],
      boot: { from: 'disk' },
      limitSeconds: 480,
    });
    await stageDone(machine, 'rescue', 300);
    assert.match(machine.console.text, /warning: .*no wireless card that this image has a driver/);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    const firmware = await ssh.run('ls /usr/lib/firmware');
    assert.deepEqual(firmware.trim().split('\n').filter(name => !name.startsWith('regulatory')), []);
    await ssh.run('modprobe iwlwifi');
    assert.match(await ssh.run('ls /usr/lib/firmware'), /iwlwifi-cc-a0-77\.ucode/, 'loading a driver unpacks');
    const drivers = ['ath9k', 'iwlmvm', 'iwldvm', ...makersOf.wifi.flatMap(({ modules }) => modules)];
    await ssh.run(`modprobe -a ${drivers.join(' ')}`, { seconds: 300 });
    const loaded = (await ssh.run('lsmod')).split('\n').map(line => line.split(' ', 1)[0]);
    assert.deepEqual(drivers.filter(driver => !loaded.includes(driver)), [], 'drivers that this kernel does not load');
    for (const { name } of makersOf.wifi) assert.equal((await ssh.run(lacking(name), { seconds: 120 })).trim(), '', name);
  },
}; // prettier-ignore

export const wifiWorlds: World[] = [asConfigured, ...joined, wrong, guided];
