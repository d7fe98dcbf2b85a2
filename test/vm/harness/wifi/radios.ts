import { basename, join } from 'node:path';
import { elfClosure } from '../../../../image/elf/elf.ts';
import { buildKernel } from '../../../../image/kernel/kernel.ts';
import { radioSet, toolchainSet } from '../../../../image/debian/package-sets.ts';
import { unpack } from '../../../../image/debian/packages.ts';
import * as files from '../../../../image/lib/files.ts';
import { checkout, runIn } from '../../../../image/lib/host.ts';
import { newc } from '../../../../image/media/cpio.ts';
import { variantPath } from '../../../../image/media/boot/layout.ts';
import { findFile, readVolume } from '../../../../image/media/reserved/iso9660.ts';
import { target } from '../../../../image/lib/target.ts';
import { image } from '../image.ts';

/** An access point and a card in one machine: radios without hardware, in an initrd that only a test has. */

export interface AccessPoint {
  ssid: string;
  passphrase: string;
  security: 'wpa2' | 'wpa3';
  hidden?: boolean;
  /** By DHCP; it does unless false. */
  givesAddresses?: boolean;
}

/** Of the access point; whoever asks it for "answer" gets this. */
export const airAddress = '10.77.0.1';
export const airAnswer = 'through the air';

/** hostapd.conf(5); its default driver of QEMU's machines is another. */
function hostapdLines({ ssid, passphrase, security, hidden = false }: AccessPoint): string[] {
  const keys = { wpa2: ['WPA-PSK', 'wpa_passphrase', '1'], wpa3: ['SAE', 'sae_password', '2'] } as const;
  const [management, setting, protectedFrames] = keys[security];
  return [
    `ssid=${ssid}`,
    ...['wpa=2', 'rsn_pairwise=CCMP', `wpa_key_mgmt=${management}`, `${setting}=${passphrase}`],
    `ieee80211w=${protectedFrames}`,
    `ignore_broadcast_ssid=${hidden ? 1 : 0}`,
  ];
}

/**
 * Writes the image's initrd followed by that of a variant, as a boot loader loads both, and by the radios.
 * @param directory receives it and what it is made of
 * @returns its path
 */
export async function initrdWithRadios(directory: string, point: AccessPoint): Promise<string> {
  const toolchain = await unpack(toolchainSet);
  const tools = await unpack(radioSet);
  const kernel = await buildKernel(toolchain);
  const layer = join(directory, 'layer');
  const at = (path: string) => join(layer, 'usr/lib/test', path);
  for (const path of await elfClosure(tools.path, ['/usr/sbin/hostapd', '/usr/sbin/iw'], {})) {
    const from = join(tools.path, path);
    const name = basename(path);
    const place = at(`${name.includes('.so') ? 'lib' : 'bin'}/${name}`);
    if (files.kind(from) === 'file') files.copy(from, place);
    // All are in one directory here.
    else if (basename(files.readLink(from)) !== name) files.symlink(basename(files.readLink(from)), place);
  }
  files.symlink(target.loader, at('lib/ld.so'));
  const radio = files.walk(join(kernel.path, 'modules')).find(path => path.endsWith('/mac80211_hwsim.ko'));
  if (radio === undefined) throw new Error('the kernel was built without mac80211_hwsim');
  files.copy(radio, at('mac80211_hwsim.ko'));
  const start = ['interface=wlan1', 'driver=nl80211', 'hw_mode=g', 'channel=1'];
  const neighbour: AccessPoint = { ssid: 'neighbour', passphrase: 'nobody knows it', security: 'wpa2' };
  const lines = [...start, ...hostapdLines(point), 'bss=wlan1_1', ...hostapdLines(neighbour)];
  files.write(at('hostapd.conf'), `${lines.join('\n')}\n`);
  const leases = ['interface wlan1', 'start 10.77.0.100', 'end 10.77.0.120', 'option subnet 255.255.255.0'];
  if (point.givesAddresses !== false)
    files.write(at('udhcpd.conf'), `${[...leases, 'lease_file /run/udhcpd.leases'].join('\n')}\n`);
  files.write(at('www/answer'), `${airAnswer}\n`);
  files.write(at('radios'), files.readText(join(import.meta.dirname, 'radios.sh')), 0o755);
  files.write(join(layer, 'etc/inittab'), inittab());

  const archive = join(directory, 'archive');
  files.makeDirectory(archive);
  const squash = [
    'mksquashfs',
    '/build/layer',
    '/build/archive/firmware.squashfs',
    '-noappend',
    '-no-progress',
  ];
  await runIn({
    doing: 'packing the radios',
    root: toolchain.path,
    mounts: { '/build': directory },
    argv: [...squash, '-no-xattrs', '-all-root', '-comp', 'zstd'],
    timeoutSeconds: 120,
  });
  // In place of the firmware, which these radios do not need.
  const layerFile = join(archive, 'firmware.squashfs');
  const size = `${files.sizeOf(layerFile)} ${await files.md5(layerFile)}\n`;
  const radios = newc([
    { path: 'firmware.size', content: size },
    { path: 'firmware.squashfs', content: files.readBytes(layerFile) },
  ]);
  const initrd = join(directory, 'radios.initrd');
  files.write(join(directory, 'radios.cpio'), radios);
  files.write(join(directory, 'wifi.cpio'), variantOf(image.wifiIso));
  const parts = [image.initrd, join(directory, 'wifi.cpio'), join(directory, 'radios.cpio')];
  await files.concatenate(parts, initrd);
  return initrd;
}

/** The initrd of the variant on an ISO. */
function variantOf(iso: string): Buffer {
  if (!files.exists(iso)) throw new Error(`there is no ${iso}: npm run image -- --variant wifi`);
  const read = (offset: number, length: number) => files.readAt(iso, offset, length);
  const volume = readVolume(read);
  const found = volume === null ? null : findFile(read, volume, variantPath('wifi'));
  if (found === null) throw new Error(`${iso} has no ${variantPath('wifi')}`);
  return read(found.offset, found.bytes);
}

/** The image's, with the radios before dabei. */
function inittab(): string {
  const own = files.readText(checkout('image/rootfs/root/etc/inittab'));
  const first = '::sysinit:/usr/lib/dabei/sysinit\n';
  if (!own.includes(first)) throw new Error('inittab does not begin with sysinit');
  return own.replace(first, `${first}::sysinit:/usr/lib/test/radios\n`);
}
