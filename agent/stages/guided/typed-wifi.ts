import { z } from 'zod';
import type { WifiNetwork } from '../../config/schema.ts';
import { wifiNetworkSchema } from '../../config/schema/wifi.ts';
import type { Doors } from '../../host/doors.ts';
import { paths } from '../../paths.ts';
import { Secret } from '../../secret.ts';

/**
 * Wireless networks that somebody typed, and that were joined: while the machine is online by them, another run of the guided installation
 * does not ask for one, and has to install them nevertheless.
 */
const typedFile = `${paths.wifiDirectory}/typed.json`;

const typedSchema = z.array(wifiNetworkSchema);

/** @param configured networks of the configuration; a typed one replaces that of the same name */
export function withTyped({ files }: Doors, configured: readonly WifiNetwork[]): WifiNetwork[] {
  return merged(read(files.readText(typedFile)), configured);
}

export function keepTyped({ files }: Doors, network: WifiNetwork): void {
  const all = merged([network], read(files.readText(typedFile)));
  files.makeDirectory(paths.wifiDirectory, 0o700);
  files.writeAtomic(typedFile, new Secret(JSON.stringify(all.map(plain))), 0o600);
}

function merged(first: readonly WifiNetwork[], more: readonly WifiNetwork[]): WifiNetwork[] {
  return [...first, ...more.filter(({ ssid }) => first.every(each => each.ssid !== ssid))];
}

function read(text: string | null): WifiNetwork[] {
  return text === null ? [] : typedSchema.parse(JSON.parse(text));
}

function plain({ passphrase, psk, ...rest }: WifiNetwork) {
  const reveal = (secret: Secret) => secret.reveal().toString('latin1');
  return {
    ...rest,
    ...(passphrase === undefined ? {} : { passphrase: reveal(passphrase) }),
    ...(psk === undefined ? {} : { psk: reveal(psk) }),
  };
}
