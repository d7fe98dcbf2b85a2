import { decodeUtf8 } from '../../../agent/config/sources/decode.ts';
import type { SourceFile } from '../../../agent/config/sources/sources.ts';
import type { NetworkInput } from '../../../agent/config/schema.ts';

/** A wireless network of the command line as configuration. Pure. */

export interface WifiWish {
  ssid: string;
  /** The file with the passphrase; its line break at the end does not count. */
  passphrase: SourceFile;
  hidden: boolean;
  /** Two letters. */
  country: string | null;
}

/**
 * In place of the wireless networks of the configuration: of two lists, the later one counts.
 * @throws DabeiError CONFIG_SCHEMA if the passphrase is not text
 */
export function networkOfWish({ ssid, passphrase, hidden, country }: WifiWish): NetworkInput {
  const { bytes } = passphrase;
  if (!Buffer.isBuffer(bytes)) throw bytes;
  const text = decodeUtf8(bytes, 'CONFIG_SCHEMA').replace(/\r?\n$/, '');
  return {
    wifi: [{ ssid, passphrase: text, ...(hidden ? { hidden } : {}) }],
    ...(country === null ? {} : { wifiCountry: country }),
  };
}
