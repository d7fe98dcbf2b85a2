import type { NetworkConfig, WifiNetwork } from '../../config/schema.ts';
import { Secret } from '../../secret.ts';

/** The files of iwd: one for each known network (iwd.network(5)), and its settings (iwd.config(5)). Pure. */

/** Where iwd keeps known networks, in this system and in the installed one. Only root may look into it. */
export const iwdState = '/var/lib/iwd';
/** Of the message bus's socket: who reaches it controls iwd. */
export const busDirectory = '/run/dbus';
export const iwdSettings = '/etc/iwd/main.conf';

export interface IwdFile {
  /** Below `iwdState`. */
  name: string;
  content: Secret;
}

export function iwdFiles(networks: readonly WifiNetwork[]): IwdFile[] {
  return networks.map(network => ({ name: iwdFileName(network.ssid), content: contentOf(network) }));
}

/**
 * iwd.network(5), NAMING: the SSID itself if it has letters, digits, spaces, "_" and "-" only, else "=" and its bytes in hexadecimal
 * digits. Networks of WPA2 and of WPA3 have the same ending.
 */
export function iwdFileName(ssid: string): string {
  return `${/^[A-Za-z0-9 _-]+$/.test(ssid) ? ssid : `=${Buffer.from(ssid).toString('hex')}`}.psk`;
}

function contentOf({ passphrase, psk, hidden }: WifiNetwork): Secret {
  const lines = [
    '[Security]',
    ...(passphrase === undefined ? [] : [`Passphrase=${escapeValue(passphrase.reveal().toString('latin1'))}`]),
    ...(psk === undefined ? [] : [`PreSharedKey=${psk.reveal().toString('latin1').toLowerCase()}`]),
    ...(hidden === true ? ['', '[Settings]', 'Hidden=true'] : []),
    '',
  ];
  return new Secret(lines.join('\n'));
} // prettier-ignore

/** iwd.network(5), FILE FORMAT: a backslash and a leading blank are escaped; all else is read as it is, up to the end of the line. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replace(/^ /, '\\s');
}

/**
 * The settings of iwd in the installer: dabei itself asks for addresses, and iwd keeps the interface that the kernel made, since dabei may
 * have begun to use it.
 */
export function iwdMainConf({ wifiCountry }: Pick<NetworkConfig, 'wifiCountry'>): string {
  return [
    '[General]',
    'EnableNetworkConfiguration=false',
    ...(wifiCountry === undefined ? [] : [`Country=${wifiCountry}`]),
    '',
    '[DriverQuirks]',
    'DefaultInterface=*',
    '',
  ].join('\n');
}
