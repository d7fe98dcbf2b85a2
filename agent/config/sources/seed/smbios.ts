import { decodeBase64 } from '../decode.ts';

/** Strings of SMBIOS tables (DMTF DSP0134, 6.1), and systemd's credentials in them (systemd(1), "SYSTEM CREDENTIALS"). Pure. */

export interface Credential {
  name: string;
  bytes: Buffer;
}

/** Type 11, OEM Strings (7.12). */
const oemStrings = 11;
/** Type 127, End-of-Table (7.45). */
const endOfTable = 127;
const headerBytes = 4;

/**
 * The strings of all structures of a type, in order. A table that is cut off ends early.
 * @param table /sys/firmware/dmi/tables/DMI
 */
function stringsOfType(table: Buffer, wanted: number): string[] {
  const found: string[] = [];
  for (let at = 0; at + headerBytes <= table.length;) {
    const [type, length] = [table[at]!, table[at + 1]!];
    if (length < headerBytes || type === endOfTable) break;
    // Strings follow the structure, each with a NUL; another NUL ends them, and one that has none ends with two.
    const end = table.indexOf('\0\0', at + length, 'latin1');
    if (end < 0) break;
    const texts = table
      .subarray(at + length, end)
      .toString('utf8')
      .split('\0');
    if (type === wanted) found.push(...texts.filter(text => text !== ''));
    at = end + 2;
  }
  return found;
}

/** "io.systemd.credential:NAME=TEXT" and "io.systemd.credential.binary:NAME=BASE64"; leaves out what is not base64, with a note. */
export function smbiosCredentials(table: Buffer, notes: string[]): Credential[] {
  return stringsOfType(table, oemStrings).flatMap(text => {
    const [, binary, name = '', value = ''] =
      /^io\.systemd\.credential(\.binary)?:([^=/]{1,255})=([^]*)$/.exec(text) ?? [];
    if (name === '') return [];
    if (binary === undefined) return [{ name, bytes: Buffer.from(value) }];
    try {
      return [{ name, bytes: decodeBase64(value.replace(/\s/g, '')) }];
    } catch {
      notes.push(`the credential ${name} of the firmware is left out: it is not valid base64`);
      return [];
    }
  });
}
