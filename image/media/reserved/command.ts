import { parseArgs } from 'node:util';
import type { SourceFile } from '../../../agent/config/sources/sources.ts';
import { DabeiError } from '../../../agent/errors.ts';
import * as clock from '../../../agent/host/clock.ts';
import { BuildError } from '../../lib/errors.ts';
import * as files from '../../lib/files.ts';
import { count, describeContent } from './describe.ts';
import { customize, type Reason } from './customize.ts';
import type { Extent, Read } from './iso9660.ts';
import { findReserved, variantsOn } from './medium-file.ts';
import { decodeReserved, reservedBytes } from './reserved-file.ts';

/** `dabei-image`: configures a medium that is already built. It needs neither root nor any program but Node. */

const usage = `usage: dabei-image customize FILE [CONFIGURATION] [--authorized-key FILE] [--onion-key FILE]
                             [--install-from-metadata]
                             [--wifi SSID [--wifi-passphrase FILE] [--wifi-country CODE] [--wifi-hidden]]
       dabei-image customize FILE --show
       dabei-image customize FILE --clear

Writes a configuration into the reserved file of nix-dabei.iso or nix-dabei.img, or of a stick or disk with one of them, in place of what
it held.

  CONFIGURATION           JSON, as in docs/configuration.md; may be packed with gzip or zstd
  --authorized-key FILE   public keys that may log in as root, in addition to those of the configuration
  --onion-key FILE        hs_ed25519_secret_key of Tor, for nix-dabei-tor.iso: its onion address stays
  --install-from-metadata a configuration in the user-data of the machine's provider may start an installation, as dabei.metadata=install
  --wifi SSID             a wireless network to join, in place of those of the configuration; for nix-dabei-wifi.iso
  --wifi-passphrase FILE  its passphrase; without it, from standard input, which must not be a terminal
  --wifi-country CODE     two letters, such as DE
  --wifi-hidden           the network does not send its name
  --show                  prints what the medium is configured for, without secrets
  --clear                 overwrites the configuration with zeros
  --help
`;

type Task =
  | { task: 'help' }
  | { task: 'show' | 'clear'; medium: string }
  | {
      task: 'write';
      medium: string;
      configuration: string | null;
      keys: string | null;
      onionKey: string | null;
      installs: boolean;
      wifi: WifiOptions | null;
    };

interface WifiOptions {
  ssid: string;
  passphraseFile: string;
  hidden: boolean;
  country: string | null;
}

const standardInput = '/dev/stdin';

/** @throws BuildError USAGE */
function readArguments(argv: readonly string[]): Task {
  const flag = { type: 'boolean', default: false } as const;
  const parse = () => {
    try {
      const options = {
        show: flag,
        clear: flag,
        help: flag,
        'install-from-metadata': flag,
        'authorized-key': { type: 'string' },
        'onion-key': { type: 'string' },
        wifi: { type: 'string' },
        'wifi-passphrase': { type: 'string' },
        'wifi-country': { type: 'string' },
        'wifi-hidden': flag,
      } as const;
      return parseArgs({ args: [...argv], allowPositionals: true, options });
    } catch (error) {
      throw wrongUsage(error instanceof Error ? error.message : String(error));
    }
  };
  const { values, positionals } = parse();
  if (values.help || argv.length === 0) return { task: 'help' };
  const [command, medium, configuration = null, ...rest] = positionals;
  if (command !== 'customize') throw wrongUsage(`there is no command ${command ?? '""'}`);
  if (medium === undefined) throw wrongUsage('customize needs the file of a medium');
  if (rest.length > 0) throw wrongUsage(`unexpected: ${rest.join(' ')}`);
  const keys = values['authorized-key'] ?? null;
  const onionKey = values['onion-key'] ?? null;
  const installs = values['install-from-metadata'];
  const passphraseFile = values['wifi-passphrase'] ?? standardInput;
  const country = values['wifi-country'] ?? null;
  const hidden = values['wifi-hidden'];
  const wifi = values.wifi === undefined ? null : { ssid: values.wifi, passphraseFile, hidden, country };
  if (wifi === null && (hidden || country !== null || passphraseFile !== standardInput))
    throw wrongUsage('--wifi-passphrase, --wifi-country and --wifi-hidden need --wifi');
  if (wifi?.passphraseFile === standardInput && files.isTerminal(0))
    throw wrongUsage('a terminal would show the passphrase: give --wifi-passphrase FILE, or a pipe');
  const isNothing = configuration === null && keys === null && onionKey === null && wifi === null;
  if (values.show || values.clear) {
    if (values.show && values.clear) throw wrongUsage('--show and --clear exclude each other');
    if (!isNothing || installs)
      throw wrongUsage(`${values.show ? '--show' : '--clear'} takes nothing but the medium`);
    return { task: values.show ? 'show' : 'clear', medium };
  }
  if (isNothing && !installs)
    throw wrongUsage(
      'give a configuration, --authorized-key, --onion-key, --wifi, --install-from-metadata, --show or --clear',
    );
  return { task: 'write', medium, configuration, keys, onionKey, installs, wifi };
}

const wrongUsage = (problem: string): BuildError =>
  new BuildError('USAGE', { doing: 'reading the command line', problem, remedy: 'dabei-image --help' });

/**
 * Runs a command line.
 * @returns the lines to print
 * @throws Refused, BuildError USAGE
 */
export function dabeiImage(argv: readonly string[]): string[] {
  const task = readArguments(argv);
  if (task.task === 'help') return usage.trimEnd().split('\n');
  const found = locate(task.medium);
  switch (task.task) {
    case 'show':
      return show(task.medium, required(found));
    case 'clear':
      overwrite(task.medium, required(found), Buffer.alloc(reservedBytes));
      return [
        `${task.medium}: the reserved file is overwritten with zeros`,
        'note: a flash medium may keep the overwritten blocks where no computer reads them',
      ];
    case 'write': {
      const source = (path: string | null) => (path === null ? null : readSource(path));
      const now = clock.epochSeconds();
      const { installs, wifi: asked } = task;
      const wifi = asked === null ? null : { ...asked, passphrase: readSource(asked.passphraseFile) };
      const wanted = customize({
        configuration: source(task.configuration),
        keys: source(task.keys),
        onionKey: source(task.onionKey),
        variants: found instanceof Error ? undefined : variantsOn(readerOf(task.medium)),
        installs,
        wifi,
        now,
      });
      const reasons = 'content' in wanted ? [] : wanted;
      if (found instanceof Error) throw new Refused([found, ...reasons]);
      if (!('content' in wanted)) throw new Refused(reasons);
      overwrite(task.medium, found, wanted.bytes);
      return [`${task.medium}: configured`, ...describeContent(wanted.content, now)];
    }
  }
}

/** Every reason why a command did nothing. */
export class Refused extends Error {
  readonly reasons: readonly Reason[];

  constructor(reasons: readonly Reason[]) {
    super(reasons.map(({ message }) => message).join('\n'));
    this.reasons = reasons;
  }
}

function required(found: Extent | Reason): Extent {
  if (found instanceof Error) throw new Refused([found]);
  return found;
}

function show(medium: string, { offset, bytes }: Extent): string[] {
  const reserved = decodeReserved(files.readAt(medium, offset, bytes));
  switch (reserved.state) {
    case 'empty':
      return [
        `${medium}: not configured; it starts a rescue system`,
        `reserved file: ${count(bytes)} bytes, all zero`,
      ];
    case 'damaged':
      throw new Refused([
        new BuildError('MEDIUM_DAMAGED', {
          doing: `reading the reserved file of ${medium}`,
          problem: reserved.problem,
          remedy: 'write the configuration again, or overwrite it with --clear',
        }),
      ]);
    case 'configured':
      return [`${medium}: configured`, ...describeContent(reserved, clock.epochSeconds())];
  }
}

const readerOf =
  (medium: string): Read =>
  (offset, length) =>
    files.readAt(medium, offset, length);

function locate(medium: string): Extent | Reason {
  try {
    return findReserved(readerOf(medium), medium, files.sectorBytesOf(medium));
  } catch (error) {
    return fileError(`reading ${medium}`, error, 'name the file of the medium');
  }
}

function readSource(path: string): SourceFile {
  try {
    return { path, bytes: files.readBytes(path) };
  } catch (error) {
    return { path, bytes: fileError(`reading ${path}`, error, 'name a file that you can read') };
  }
}

/** Writes, waits for the disk, and reads again. */
function overwrite(medium: string, { offset }: Extent, bytes: Buffer): void {
  const doing = `writing the reserved file of ${medium}`;
  try {
    files.overwriteAt(medium, offset, bytes);
  } catch (error) {
    throw new Refused([fileError(doing, error, 'make the file writable, or configure a copy of it')]);
  }
  if (files.readAt(medium, offset, bytes.length).equals(bytes)) return;
  const problem = 'other bytes were read than were written';
  throw new Refused([new BuildError('MEDIUM_DAMAGED', { doing, problem, remedy: 'use another medium' })]);
}

function fileError(doing: string, error: unknown, remedy: string): DabeiError {
  const problem = error instanceof Error ? error.message : String(error);
  return new DabeiError('FILE', { doing, problem, remedy, cause: error });
}
