import { parseCommandLine } from '../../config/sources/command-line.ts';
import { bootMac, type Identity } from '../../config/sources/url.ts';
import { arch } from '../../arch.ts';
import type { Doors } from '../doors.ts';
import { readLinks } from './links.ts';
import { known } from './system.ts';

/** What the machine says of itself to the server of its configuration. */

const dmi = '/sys/class/dmi/id';

/**
 * Reads serial number and UUID from SMBIOS (Documentation/ABI/testing/sysfs-class-dmi), and MAC addresses.
 * @param commandLine of the kernel: BOOTIF names the card that the machine started from
 * @param hostName null if it is only the default
 */
export async function readIdentity(
  doors: Doors,
  commandLine: string,
  hostName: string | null,
): Promise<Identity> {
  const cards = (await readLinks(doors)).filter(({ kind }) => kind === undefined);
  const bootif = parseCommandLine(commandLine).findLast(({ name }) => name === 'BOOTIF')?.value ?? '';
  const booted = bootMac(bootif);
  return {
    macs: booted !== null ? [booted] : cards.filter(({ carrier }) => carrier).map(({ mac }) => mac),
    allMacs: cards.map(({ mac }) => mac),
    ...smbiosIdentity(doors),
    hostName,
    arch: arch.machine,
  };
}

/**
 * A UUID that says nothing: all zeros or all ones (DMTF DSP0134, 7.2.1), and two that AMI's firmware has on boards whose vendors entered
 * none.
 */
const noUuid = /^([0f-]+|03000200-0400-0500-0006-000700080009|00020003-0004-0005-0006-000700080009)$/i;

/** Serial number and UUID by SMBIOS. */
export function smbiosIdentity({ files }: Pick<Doors, 'files'>): Pick<Identity, 'serial' | 'uuid'> {
  const uuid = known(files.readText(`${dmi}/product_uuid`));
  return {
    serial: known(files.readText(`${dmi}/product_serial`)),
    uuid: uuid !== null && noUuid.test(uuid) ? null : uuid,
  };
}

/** Seconds since 1970 of the clock that runs while the machine is off (Documentation/ABI/testing/rtc); null without one. */
export function readRtc({ files }: Doors): number | null {
  try {
    const seconds = Number(files.readText('/sys/class/rtc/rtc0/since_epoch')?.trim() || NaN);
    return Number.isFinite(seconds) ? seconds : null;
  } catch {
    // A clock without power answers with an error.
    return null;
  }
}
