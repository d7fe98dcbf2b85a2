import type { Resolution } from '../config/resolve.ts';
import type { ConfigInput } from '../config/schema.ts';

/** The configuration that the guided installation starts from: without secrets, as people write it. */
export type Base = Omit<ConfigInput, 'disks'> & { disks?: Omit<NonNullable<ConfigInput['disks']>, 'key'> };

/**
 * What was configured, without secrets: values that no question is about are kept, others are defaults.
 * @param resolution of the sources of this boot, or of --config; empty if that has problems
 */
export function baseOf({ config }: Pick<Resolution, 'config'>): Base {
  if (config?.given === undefined) return {};
  const { disks, network, ...others } = JSON.parse(config.given) as ConfigInput & {
    disks?: { key?: unknown; keyFiles?: unknown };
  };
  // Passphrases of wireless networks are added where a configuration is made (configuration.ts).
  const { wifi: _wifi, ...wired } = network ?? {};
  const rest = { ...others, ...(network === undefined ? {} : { network: wired }) };
  if (disks === undefined) return rest;
  // givenText (config/given.ts) has `true` and a list of paths where secrets were.
  const { key: _key, keyFiles: _files, keyFormat: _format, ...kept } = disks;
  return { ...rest, disks: kept };
}
