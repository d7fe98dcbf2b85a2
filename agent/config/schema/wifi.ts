import { z } from 'zod';
import { Secret } from '../../secret.ts';
import { limits } from '../limits.ts';
import { line } from '../text.ts';

/** Wireless networks to join. An image has programs, drivers and firmware for it only as a variant. */

/** IEEE 802.11-2020, 9.4.2.2: an SSID has 32 bytes at most; one of none means any network. */
const ssid = line(limits.ssidBytes).refine(value => {
  const bytes = Buffer.byteLength(value);
  return bytes >= 1 && bytes <= limits.ssidBytes;
}, `is not 1 to ${limits.ssidBytes} bytes long, in UTF-8`);

/** A secret whose messages quote nothing of it. */
const secret = (form: RegExp, problem: string) =>
  z
    .string()
    .max(limits.property, { abort: true })
    .regex(form, problem)
    .transform(value => new Secret(value));

/** IEEE 802.11-2020, J.4.1: 8 to 63 characters of ASCII, from 32 to 126. */
const passphrase = secret(/^[ -~]{8,63}$/, 'is not 8 to 63 printable characters of ASCII, as WPA requires');
const psk = secret(/^[0-9a-fA-F]{64}$/, 'is not 64 hexadecimal digits');

export const wifiNetworkSchema = z
  .strictObject({
    ssid: ssid.describe('name of the network, 1 to 32 bytes'),
    passphrase: passphrase.optional().describe('passphrase of WPA2 or WPA3, 8 to 63 characters of ASCII'),
    psk: psk
      .optional()
      .describe('in place of the passphrase: the key of WPA2 itself, 64 hexadecimal digits; WPA3 needs the passphrase'),
    hidden: z.boolean().optional().describe('true: the network does not send its name; it is asked for by name'),
  })
  .refine(({ passphrase, psk }) => (passphrase === undefined) !== (psk === undefined), 'needs either a passphrase or a psk'); // prettier-ignore

export const wifiSettings = {
  wifi: z
    .array(wifiNetworkSchema)
    .max(limits.wifiNetworks)
    .refine(list => new Set(list.map(({ ssid }) => ssid)).size === list.length, 'has an ssid twice')
    .optional()
    .describe('wireless networks to join, by an image with Wi-Fi'),
  wifiCountry: line(limits.word)
    .regex(/^[A-Z]{2}$/, 'is not the code of a country, two capital letters such as DE (ISO 3166-1)')
    .optional()
    .describe('country where the machine is, two letters such as DE: its rules decide channels and power'),
};

export type WifiNetwork = z.output<typeof wifiNetworkSchema>;
