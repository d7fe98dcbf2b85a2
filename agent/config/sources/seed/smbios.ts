import { decodeBase64 } from '../decode.ts';

/**
 * Structures of SMBIOS tables (DMTF DSP0134, 6.1), and systemd's credentials in their strings (systemd(1), "SYSTEM CREDENTIALS"). Pure.
 */

export interface Credential {
  name: string;
  bytes: Buffer;
}

/** Type 11, OEM Strings (7.12). */
const oemStrings = 11;
/** Type 127, End-of-Table (7.45). */
const endOfTable = 127;
const headerBytes = 4;

interface Structure {
  type: number;
  /** With its header, and without the strings that follow it. */
  bytes: Buffer;
  strings: string[];
}

/**
 * All structures, in order. A table that is cut off ends early.
 * @param table /sys/firmware/dmi/tables/DMI
 */
function structures(table: Buffer): Structure[] {
  const found: Structure[] = [];
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
    found.push({
      type,
      bytes: table.subarray(at, at + length),
      strings: texts.filter(text => text !== ''),
    });
    at = end + 2;
  }
  return found;
}

/** Type 0, BIOS Information: its second extension byte, and the bit "SMBIOS table describes a virtual machine" (7.1.2.2). */
const [biosInformation, extensionAt, virtualMachineBit] = [0, 0x13, 0x10];

/** Whether the firmware says that it is a virtual machine's. Where the processor cannot say so, nothing else may. */
export const isVirtualMachine = (table: Buffer): boolean =>
  structures(table).some(
    ({ type, bytes }) => type === biosInformation && ((bytes[extensionAt] ?? 0) & virtualMachineBit) !== 0,
  );

/** "io.systemd.credential:NAME=TEXT" and "io.systemd.credential.binary:NAME=BASE64"; leaves out what is not base64, with a note. */
export function smbiosCredentials(table: Buffer, notes: string[]): Credential[] {
  const texts = structures(table).flatMap(({ type, strings }) => (type === oemStrings ? strings : []));
  return texts.flatMap(text => {
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
