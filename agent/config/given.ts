import { ownSettings, validitySettings } from './schema/fetch.ts';

/** The configuration as people wrote it, in a canonical form: two configurations are the same if their texts are equal. */

/** Where a configuration came from, how long it is valid, who is told: one that is signed again is the same configuration. */
const aboutTheJourney: readonly string[] = [
  ...Object.keys(ownSettings),
  ...Object.keys(validitySettings),
  'report',
];

/**
 * JSON with sorted keys and without defaults, so a later image, whose schema has more keys and other defaults, makes the same
 * text. The text contains only whether a secret is present, since it may be stored where everybody can read it. It omits
 * `disks.wipe` and what is about the installer alone, its consoles and its onion service, because they do not determine what is
 * installed.
 * @param asked all sources merged, as JSON values
 */
export function givenText(asked: unknown): string {
  const {
    mode: _mode,
    $schema: _schema,
    console: _console,
    tor: _tor,
    ssh,
    disks,
    network,
    ...rest
  } = record(asked);
  const others = Object.fromEntries(Object.entries(rest).filter(([key]) => !aboutTheJourney.includes(key)));
  const { hostKeys: _keys, ...restOfSsh } = record(ssh);
  const { key, keyFiles, wipe: _wipe, ...restOfDisks } = record(disks);
  return JSON.stringify(
    sorted({
      ...others,
      ...(network === undefined ? {} : { network: withoutWifiSecrets(network) }),
      ...(ssh === undefined ? {} : { ssh: restOfSsh }),
      ...(disks === undefined
        ? {}
        : {
            disks: {
              ...restOfDisks,
              ...(key === undefined ? {} : { key: true }),
              ...(Array.isArray(keyFiles) ? { keyFiles: keyFiles.map(file => record(file)['path']) } : {}),
            },
          }),
    }),
  );
}

function withoutWifiSecrets(network: unknown): unknown {
  const { wifi, ...rest } = record(network);
  if (!Array.isArray(wifi)) return network;
  return {
    ...rest,
    wifi: wifi.map(entry => {
      const { passphrase, psk, ...others } = record(entry);
      return {
        ...others,
        ...(passphrase === undefined ? {} : { passphrase: true }),
        ...(psk === undefined ? {} : { psk: true }),
      };
    }),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
