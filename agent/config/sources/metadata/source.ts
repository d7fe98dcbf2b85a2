import type { IdentitySetting, Reading } from './learnt.ts';

/** What a provider's metadata service is, as data: how it is recognised, what is asked, and how the answers are read. */

/** Fields of SMBIOS that this project uses, by their names in sysfs (Documentation/ABI/testing/sysfs-class-dmi). */
export const dmiFields = [
  ...['bios_vendor', 'bios_version', 'board_serial', 'board_vendor', 'chassis_asset_tag', 'chassis_serial', 'chassis_vendor'],
  ...['product_name', 'product_serial', 'product_uuid', 'product_version', 'sys_vendor'],
]; // prettier-ignore
export type Dmi = Readonly<Record<string, string>>;

/** An answer of the server; null where it has none (404 or 204). */
export type Answers = Readonly<Record<string, Buffer | null | undefined>>;

export interface MetadataSource {
  name: string;
  /** A machine is recognised if all fields of any of these rows match. No row: only by an address that somebody gave. */
  signs: readonly Readonly<Record<string, RegExp>>[];
  /** Addresses of the service, tried in order: IPv4, then IPv6. */
  origins: readonly string[];
  /** A link-local address of it (RFC 4291, 2.5.6), tried after those on each link: a machine may have no other address yet. */
  linkLocal?: string;
  /** Sent with every question. */
  headers?: Readonly<Record<string, string>>;
  /** A session token: PUT, then its answer is a header of every question. */
  token?: {
    path: string;
    headers: Readonly<Record<string, string>>;
    sentAs: string;
    /** A server without tokens answers the questions, too. */
    isOptional: boolean;
  };
  /** Name -> path. */
  questions: Readonly<Record<string, string>>;
  /** The server answers only to a port below 1024, which needs root. */
  fromLowPort?: true;
  /** Statuses that mean "not yet", besides 408, 425, 429 and 5xx. */
  notYet?: readonly number[];
  gives: readonly IdentitySetting[];
  /** Pure; never throws. @param now seconds since 1970 */
  decode: (answers: Answers, now: number) => Reading;
}

/** The source of this machine, by DMI alone: no packet is sent. */
export function recognise(sources: readonly MetadataSource[], dmi: Dmi): MetadataSource | null {
  const matches = (row: MetadataSource['signs'][number]) =>
    Object.entries(row).every(([field, pattern]) => pattern.test(dmi[field] ?? ''));
  return sources.find(({ signs }) => signs.some(matches)) ?? null;
}
