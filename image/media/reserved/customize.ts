import { asRefusal, formatPath, problemOf, type Path, type Problem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import type { NetworkInput } from '../../../agent/config/schema.ts';
import { decodeUtf8 } from '../../../agent/config/sources/decode.ts';
import type { SourceFile } from '../../../agent/config/sources/sources.ts';
import { asDabeiError, type DabeiError, type ErrorCode } from '../../../agent/errors.ts';
import { authorizedKeyProblem, saysSomething } from '../../../agent/keys/authorized-keys.ts';
import { onionKeyProblem } from '../../../agent/keys/onion.ts';
import { lockoutRefusal } from '../../../agent/plan/preflight/login.ts';
import { Secret } from '../../../agent/secret.ts';
import type { Variant } from '../../../agent/variants.ts';
import { BuildError } from '../../lib/errors.ts';
import { configurationPaths, encodeReserved, reservedBytes, type ReservedContent } from './reserved-file.ts';
import { networkOfWish, type WifiWish } from './wifi-wish.ts';

/** From a configuration and keys to the bytes of a reserved file, or to every reason against it. Pure. */

export interface Wish {
  /** A configuration as the machine reads it: JSON, also compressed by gzip or zstd. */
  configuration: SourceFile | null;
  /** Lines of authorized_keys (sshd(8)), in addition to those of the configuration. */
  keys: SourceFile | null;
  /** hs_ed25519_secret_key of Tor: the onion address stays. */
  onionKey?: SourceFile | null;
  /** What the image on the medium has; undefined where the medium cannot be read. */
  variants?: readonly Variant[] | undefined;
  /** A configuration by the provider's metadata may start an installation. */
  installs?: boolean;
  /** A wireless network to join. */
  wifi?: WifiWish | null;
  /** Seconds since 1970, for keys that expire. */
  now: number;
}

export interface Customization {
  content: ReservedContent;
  /** As many as the reserved file has. */
  bytes: Buffer;
}

export type Reason = DabeiError | BuildError;

const [configurationPath, optionsPath] = configurationPaths;

/** @returns every reason if there is one */
export function customize(wish: Wish): Customization | readonly Reason[] {
  const { configuration, keys, onionKey = null, installs = false, wifi = null, variants } = wish;
  const { lines, problems: keyProblems } = keys === null ? noKeys : readKeys(keys);
  const onion = onionKey === null ? { key: null, problems: [] } : readOnionKey(onionKey);
  const { network, problems: wifiProblems } = wifi === null ? noNetwork : readNetwork(wifi);
  const asked = {
    ...(lines.length === 0 ? {} : { rootAuthorizedKeys: lines }),
    ...(installs ? { metadata: 'install' } : {}),
    ...(onion.key === null ? {} : { tor: { key: onion.key } }),
  };
  const joins = network === null ? {} : { network };
  const hasOptions = Object.keys({ ...asked, ...joins }).length > 0;
  const options = Buffer.from(`${JSON.stringify({ ...asked, ...joins })}\n`);
  const asBytes = (value: object) => Buffer.from(JSON.stringify(value));
  const sources = [
    ...(configuration === null ? [] : [configuration]),
    ...(Object.keys(asked).length > 0 && keyProblems.length === 0
      ? [{ path: keys?.path ?? `/${optionsPath}`, bytes: asBytes(asked) }]
      : []),
    ...(network === null ? [] : [{ path: '--wifi', bytes: asBytes(joins) }]),
  ];
  const having = variants === undefined ? {} : { variants };
  const { config, mode, problems } = resolveConfiguration({ commandLine: '', files: sources, ...having });
  const reasons: Reason[] = [...problems, ...keyProblems, ...onion.problems, ...wifiProblems].map(asRefusal);
  const refusal = config === null || mode !== 'install' ? null : lockoutRefusal(config, wish.now);
  if (refusal !== null) reasons.push(refusal);

  const given = configuration?.bytes;
  const contents = {
    ...(Buffer.isBuffer(given) ? { [configurationPath]: given } : {}),
    ...(hasOptions ? { [optionsPath]: options } : {}),
  };
  const { bytes, ...content } = encodeReserved(contents);
  if (bytes.length > reservedBytes) reasons.push(tooLarge(contents, bytes.length));
  if (reasons.length > 0) return reasons;
  return { content, bytes: Buffer.concat([bytes, Buffer.alloc(reservedBytes - bytes.length)]) };
}

function tooLarge(contents: Readonly<Record<string, Buffer>>, length: number): BuildError {
  const parts = Object.entries(contents).map(([path, { length }]) => `${count(length)} bytes of ${path}`);
  const packed =
    configurationPath in contents ? 'pack the configuration with gzip, which dabei unpacks, or ' : '';
  return new BuildError('MEDIUM_TOO_SMALL', {
    doing: 'packing the configuration',
    problem:
      `${parts.join(' and ')} make an archive of ${count(length)} bytes, and the reserved file has ${count(reservedBytes)}: ` +
      `${count(length - reservedBytes)} too many`,
    remedy: `${packed}put large parts into the flake`,
  });
}

const count = (bytes: number): string => bytes.toLocaleString('en');

const noNetwork: { network: NetworkInput | null; problems: Problem[] } = { network: null, problems: [] };

function readNetwork(wish: WifiWish): typeof noNetwork {
  try {
    return { network: networkOfWish(wish), problems: [] };
  } catch (thrown) {
    return {
      network: null,
      problems: [problemOf(asDabeiError(thrown, 'reading the passphrase'), wish.passphrase.path)],
    };
  }
}

const noKeys: KeyFile = { lines: [], problems: [] };

interface KeyFile {
  lines: string[];
  problems: Problem[];
}

/** @returns the file in base64, as a configuration has it, or why it is not that file */
function readOnionKey({ path: source, bytes }: SourceFile): { key: string | null; problems: Problem[] } {
  const fault = (code: ErrorCode, message: string) => ({
    key: null,
    problems: [{ code, source, path: '', line: null, column: null, message }],
  });
  if (!Buffer.isBuffer(bytes)) return fault(bytes.code, bytes.problem);
  const problem = onionKeyProblem(bytes);
  return problem === null ? { key: bytes.toString('base64'), problems: [] } : fault('CONFIG_SCHEMA', problem);
}

/** Reads the lines of a file of public keys. */
function readKeys({ path: source, bytes }: SourceFile): KeyFile {
  const lines: string[] = [];
  const problems: Problem[] = [];
  const complain = (line: number | null, message: string, remedy?: string) =>
    problems.push({
      ...{ code: 'CONFIG_SCHEMA', source, path: '', line, column: line === null ? null : 1, message },
      ...(remedy === undefined ? {} : { remedy }),
    });
  let text = '';
  try {
    if (!Buffer.isBuffer(bytes)) throw bytes;
    text = decodeUtf8(bytes, 'CONFIG_SCHEMA');
  } catch (thrown) {
    const { code, problem, remedy } = asDabeiError(thrown, `reading ${source}`);
    complain(null, problem, remedy);
    return { lines, problems: problems.map(each => ({ ...each, code })) };
  }
  if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/m.test(text)) {
    complain(1, 'it is a private key', 'name the public key, in the file of that name with .pub');
    return { lines, problems };
  }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!saysSomething(line)) continue;
    const problem = authorizedKeyProblem(line);
    if (problem === null) lines.push(line);
    else complain(index + 1, `is not a valid line of authorized_keys: it ${problem}`);
  }
  if (lines.length + problems.length === 0) complain(null, 'it has no key', 'name a file of public keys');
  return { lines, problems };
}

/** The paths of all values of a configuration that are secrets, such as "disks.key". */
export function secretsOf(value: unknown, path: Path = []): string[] {
  if (value instanceof Secret) return [formatPath(path)];
  if (typeof value !== 'object' || value === null) return [];
  const children = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return children.flatMap(([key, child]) => secretsOf(child, [...path, key]));
}
