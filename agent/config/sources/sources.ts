import { DabeiError } from '../../errors.ts';
import { longestCommandLineBytes } from '../../limits.ts';
import { parseCommandLine, canonicalName, type Parameter } from './command-line.ts';
import { decodeUtf8, unpack } from './decode.ts';
import type { Fetched } from './fetched.ts';
import type { Learnt } from './metadata/learnt.ts';
import type { Dmi } from './metadata/source.ts';
import { readIpParameters } from './ip-parameter.ts';
import { signerLines } from '../../keys/allowed-signers.ts';
import { parseJson } from '../json.ts';
import { upgradeLegacy } from './legacy.ts';
import { locate, type Located } from '../located.ts';
import { nearest } from '../nearest.ts';
import { netbootNote } from './netboot-note.ts';
import { kindOf, parameterKinds, type ParameterKind } from './parameters.ts';
import { problemOf, type Problem } from '../report.ts';
import type { Variant } from '../../variants.ts';
import { renameKeys } from './renamed.ts';

export interface SourceFile {
  path: string;
  /** The contents, or the reason why they cannot be read. */
  bytes: Buffer | DabeiError;
}

/** Everything that may hold a part of the configuration. */
export interface Input {
  /** The contents of /proc/cmdline. */
  commandLine: string;
  /** Files from the root of the initramfs, such as /dabei.json; later ones override earlier ones. */
  files: readonly SourceFile[];
  /** Lines of allowed_signers from the initramfs. */
  signers?: SourceFile;
  /** What came from `configUrl`: absent before dabei has asked, null if the server has nothing for this machine. */
  fetched?: Fetched | null;
  /** What the firmware says of the machine; by it, dabei recognises a provider. */
  dmi?: Dmi;
  /** What the image has beyond every image; absent where nobody knows which image will read the configuration. */
  variants?: readonly Variant[];
  /** Nothing but these sources and the old system counts: no metadata, no seed. */
  alone?: boolean;
  /** What volumes with a seed say; absent before dabei has looked. */
  seeds?: readonly Learnt[];
  /** What the provider's metadata says: absent before dabei has asked, null if there was no answer. */
  metadata?: Learnt | null;
  /** The old system (captured.ts): provides each value, lists included, that no other source sets. */
  captured?: { value: object; notes: readonly string[] };
}

/** The configuration from one source. */
export interface Fragment {
  source: string;
  value: Located;
  /** The source has a version that this image does not know. */
  foreign?: boolean;
  /** It came from `configUrl`; this boot's own sources decide about it. */
  fetched?: true;
  /** It came by metadata or from a seed; this boot's own sources have permitted it. */
  learnt?: Learnt;
}

export interface Sources {
  /** Earliest first; later ones win. */
  fragments: Fragment[];
  problems: Problem[];
  notes: string[];
}

/**
 * Reads every source. Order: files; ip= and nameserver=, which boot loaders add automatically; what was fetched from `configUrl`;
 * dabei.config; the parameters for single values.
 */
export function readSources(input: Input): Sources {
  const found: Sources = { fragments: [], problems: [], notes: [] };
  for (const { path, bytes } of input.files) {
    try {
      if (bytes instanceof DabeiError) throw bytes;
      readText(decodeUtf8(unpack(bytes), 'CONFIG_JSON'), path, found);
    } catch (error) {
      found.problems.push(problemOf(error, path));
    }
  }
  if (input.signers !== undefined) readSigners(input.signers, found);
  const parameters = parseCommandLine(input.commandLine);
  const note = netbootNote(parameters, input.files.length);
  if (note !== null) found.notes.push(note);
  readNetwork(parameters, found);
  if (input.fetched) readFetched(input.fetched, found);
  for (const kind of parameterKinds) {
    const given = parameters.filter(parameter => kindOf(parameter) === kind);
    if (given.length > 0) readParameter(kind, given, found);
  }
  for (const { name } of parameters) {
    if (!kindOf({ name, value: null }) && canonicalName(name).startsWith('dabei.')) {
      found.problems.push(unknownParameter(name));
    }
  }
  if (Buffer.byteLength(input.commandLine.trimEnd()) >= longestCommandLineBytes) {
    found.notes.push(
      `the kernel command line has ${longestCommandLineBytes} bytes, the maximum: its end may be missing`,
    );
  }
  return found;
}

function readSigners({ path, bytes }: SourceFile, found: Sources): void {
  try {
    if (bytes instanceof DabeiError) throw bytes;
    const value = { configSigners: signerLines(decodeUtf8(bytes, 'CONFIG_PARAMETER')) };
    found.fragments.push({ source: path, value: locate(value, path) });
  } catch (error) {
    found.problems.push(problemOf(error, path, 'configSigners'));
  }
}

function readFetched(fetched: Fetched, found: Sources): void {
  const before = found.fragments.length;
  readDocument(fetched, found);
  for (const fragment of found.fragments.slice(before)) fragment.fetched = true;
}

/** Reads a whole configuration, plain, gzip or zstd. */
export function readDocument({ source, bytes }: Pick<Fetched, 'source' | 'bytes'>, found: Sources): void {
  try {
    readText(decodeUtf8(unpack(bytes), 'CONFIG_JSON'), source, found);
  } catch (error) {
    found.problems.push(problemOf(error, source));
  }
}

function readText(text: string, source: string, found: Sources): void {
  const { value, problems } = parseJson(text, source);
  for (const problem of problems) found.problems.push(problem);
  if (value === null) return;
  if (value.kind !== 'object') {
    const got = value.kind === 'array' ? 'array' : value.value === null ? 'null' : typeof value.value;
    if (problems.length > 0) return;
    found.problems.push({ code: 'CONFIG_SCHEMA', ...value.place, message: `expected object, got ${got}` });
    return;
  }
  const version = value.entries.get('version')?.value;
  const foreign = version?.kind === 'scalar' && typeof version.value === 'number' && version.value !== 1;
  if (foreign) {
    const message = `version ${version.value} is not supported by this image, which supports version 1`;
    const remedy = 'use a newer image';
    found.problems.push({ code: 'CONFIG_VERSION', ...version.place, message, remedy });
    value.entries.delete('version');
  }
  const upgrade = upgradeLegacy(value);
  if (upgrade.note !== null) found.notes.push(`${source}: ${upgrade.note}`);
  if (upgrade.value.kind === 'object')
    for (const note of renameKeys(upgrade.value)) found.notes.push(`${source}: ${note}`);
  found.fragments.push({ source, value: upgrade.value, ...(foreign ? { foreign } : {}) });
}

function readParameter(kind: ParameterKind, given: readonly Parameter[], found: Sources): void {
  const source = given.at(-1)!.name;
  const complain = (message: string, code: Problem['code'] = 'CONFIG_PARAMETER', remedy?: string) =>
    found.problems.push({
      code,
      source,
      path: kind.path ?? '',
      line: null,
      column: null,
      message,
      ...(remedy === undefined ? {} : { remedy }),
    });
  const values = given.map(({ value }) => value ?? '');
  if (!kind.flag && values.includes('')) {
    complain('has no value', 'CONFIG_PARAMETER', 'give it one, or leave the parameter out');
    return;
  }
  const names = [...new Set(given.map(({ name }) => canonicalName(name)))];
  if (kind.repeated === 'joined' && names.length > 1) {
    complain(`given as ${names.join(' and as ')}`, 'CONFIG_CONFLICT', `keep only ${kind.names[0]}`);
    return;
  }
  if (kind.repeated === 'same' && new Set(values).size > 1) {
    complain(`given ${values.length} times with different values`, 'CONFIG_CONFLICT', 'keep one of them');
    return;
  }
  const wanted =
    kind.repeated === 'joined' ? [values.join('')] : kind.repeated === 'added' ? values : values.slice(-1);
  for (const value of wanted) {
    try {
      const read = kind.read(value);
      if ('text' in read) {
        readText(read.text, source, found);
      } else {
        found.fragments.push({ source, value: locate(read.json, source) });
        for (const note of read.notes ?? []) found.notes.push(`${source}: ${note}`);
      }
    } catch (error) {
      found.problems.push(problemOf(error, source, kind.path ?? ''));
    }
  }
}

function readNetwork(parameters: readonly Parameter[], found: Sources): void {
  const valuesOf = (wanted: string) =>
    parameters.filter(({ name }) => canonicalName(name) === wanted).map(({ value }) => value ?? '');
  const [ips, nameservers] = [valuesOf('ip'), valuesOf('nameserver')];
  for (const [source, values] of [
    ['ip', ips],
    ['nameserver', nameservers],
  ] as const) {
    if (!values.includes('')) continue;
    const message = 'has no value';
    found.problems.push({
      code: 'CONFIG_PARAMETER',
      source,
      path: 'network',
      line: null,
      column: null,
      message,
    });
  }
  const reading = readIpParameters(ips.filter(Boolean), nameservers.filter(Boolean));
  const { interfaces, dns } = reading.network;
  const add = (source: string, value: unknown) =>
    found.fragments.push({ source, value: locate(value, source) });
  if (interfaces) add('ip', { network: { interfaces } });
  if (dns) add(nameservers.length > 0 ? 'nameserver' : 'ip', { network: { dns } });
  if (reading.hostName !== null) add('ip', { hostName: reading.hostName });
  for (const { parameter: source, ...rest } of reading.problems) {
    found.problems.push({
      code: 'CONFIG_PARAMETER',
      source,
      path: 'network',
      line: null,
      column: null,
      ...rest,
    });
  }
  for (const note of reading.notes) found.notes.push(note);
}

function unknownParameter(name: string): Problem {
  const known = parameterKinds.map(kind => kind.names[0]);
  const near = nearest(name, known);
  // Without the equals sign, the name contains the value, which may be a passphrase or a private key.
  const prefix = known.find(each => canonicalName(name).startsWith(each) && name.length > each.length + 8);
  return {
    code: 'CONFIG_PARAMETER',
    source: prefix ? `${prefix}…` : name,
    path: '',
    line: null,
    column: null,
    message: prefix ? 'unknown parameter; is the equals sign missing?' : 'unknown parameter',
    remedy: near !== null && !prefix ? `did you mean ${near}?` : `known: ${known.join(', ')}`,
  };
}
