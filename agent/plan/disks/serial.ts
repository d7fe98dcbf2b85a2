import type { Config } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Found } from './install-state.ts';

/**
 * Signed configurations of a machine are numbered, as the zone of a name server is (RFC 1035, 3.3.13): whoever kept an older file
 * that is still valid must not be able to install it again.
 */

/** The number to note with an installation; undefined for a configuration that nobody signed. */
export function serialOf({ isSigned, serial }: Config): number | undefined {
  return isSigned === true ? serial : undefined;
}

/** @param found has the highest number that is noted on any disk of the machine */
export function serialRefusals(config: Config, { serial: noted = null }: Found): DabeiError[] {
  if (config.isSigned !== true || noted === null) return [];
  const { serial } = config;
  if (serial !== undefined && serial >= noted) return [];
  const own = serial === undefined ? 'has no serial' : `has the serial ${serial}`;
  return [
    new DabeiError('CONFIG_REPLAYED', {
      doing: 'reading the install state on the disks',
      problem: `the fetched configuration ${own}, and one with the serial ${noted} was installed on this machine`,
      remedy: `write "serial": ${noted}, or a higher one, into the newest configuration, and sign it again`,
    }),
  ];
}
