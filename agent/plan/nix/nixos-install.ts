import { parseArgs } from 'node:util';
import { asDabeiError, DabeiError } from '../../errors.ts';
import { installBootLoader } from './boot-loader.ts';
import { flakeReference } from '../host-flake/flake-reference.ts';
import { markAsNixos, pointRootsInside } from './install.ts';
import { secretDirectories } from './apart.ts';
import { nixIn, nixSettings } from './nix-step.ts';
import { cancelReturn } from '../return.ts';
import type { Step } from '../step.ts';
import { targetRoot } from '../target.ts';

/**
 * nixos-install(8) for file systems that another program or a person has created and mounted: the last step of nixos-anywhere, and
 * of an installation by hand. It has the options that make sense without channels and without a terminal.
 */

export interface NixosInstall {
  /** Mount point of the target's root. */
  root: string;
  /** A toplevel in the store of the target or of the installer, or a flake reference with attribute. */
  from: { system: string } | { flake: string };
  bootLoader: boolean;
  /** Arguments for every Nix command: `--option NAME VALUE` and its short forms. */
  settings: readonly string[];
  /** Arguments for `nix build` only. */
  buildFlags: readonly string[];
}

export const usage =
  'nixos-install [--root DIR] (--system PATH | --flake REFERENCE#NAME) [--no-bootloader] [--option NAME VALUE]... ' +
  '[--max-jobs N] [--cores N] [--substituters URLS] [--impure] [--show-trace] [--print-build-logs] ' +
  '[--no-write-lock-file] [--override-input INPUT REFERENCE] [--no-root-passwd] [--no-channel-copy]';

/** Number of values after each option; 0 is a flag. */
const settingArity: Readonly<Record<string, number>> = {
  '--option': 2,
  '--max-jobs': 1,
  '-j': 1,
  '--cores': 1,
  '--substituters': 1,
  '--extra-substituters': 1,
  '--builders': 1,
  '--keep-going': 0,
  '-k': 0,
  '--fallback': 0,
  '--show-trace': 0,
  '--verbose': 0,
  '-v': 0,
};
const buildArity: Readonly<Record<string, number>> = {
  '--override-input': 2,
  '--impure': 0,
  '--refresh': 0,
  '--no-write-lock-file': 0,
  '--no-update-lock-file': 0,
  '--print-build-logs': 0,
  '-L': 0,
};

/**
 * @param argv arguments without the program's name
 * @returns null for --help
 * @throws DabeiError USAGE for unknown, unsupported or contradictory options
 */
export function parseNixosInstall(argv: readonly string[]): NixosInstall | null {
  const settings: string[] = [];
  const buildFlags: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [list, arity] = Object.hasOwn(settingArity, word)
      ? [settings, settingArity[word]!]
      : Object.hasOwn(buildArity, word)
        ? [buildFlags, buildArity[word]!]
        : [rest, 0];
    const taken = argv.slice(at, at + arity + 1);
    if (taken.length <= arity) throw wrongUsage(`${word} needs ${arity === 1 ? 'a value' : 'two values'}`);
    list.push(...taken);
    at += arity;
  }
  const values = parseRest(rest);
  if (values.help) return null;
  for (const name of ['file', 'attr', 'include', 'channel'] as const) {
    if (values[name] !== undefined)
      throw wrongUsage(
        `--${name} is for channels, which this image does not support: give --flake or --system`,
      );
  }
  const systems = [values.system, values.closure, values['store-path']].filter(path => path !== undefined);
  const [system] = systems;
  if (systems.length > 1 || (system !== undefined && values.flake !== undefined))
    throw wrongUsage('give one system, not several');
  if (system !== undefined && !/^\/nix\/store\/[^/]+$/.test(system))
    throw wrongUsage(`${system} is not a store path`);
  if (values.flake !== undefined && !/#./.test(values.flake))
    throw wrongUsage(`${values.flake} names no configuration: REFERENCE#NAME`);
  const root = (values.root ?? targetRoot).replace(/(?<=.)\/+$/, '');
  if (!root.startsWith('/') || root === '/') throw wrongUsage(`${root} cannot be the root of the target`);
  const common = { root, bootLoader: !values['no-bootloader'], settings, buildFlags };
  if (system !== undefined) return { ...common, from: { system } };
  if (values.flake !== undefined) return { ...common, from: { flake: values.flake } };
  throw wrongUsage('no system is given, and this image does not support channels');
}

function parseRest(args: string[]) {
  const [string, boolean] = [{ type: 'string' }, { type: 'boolean' }] as const;
  try {
    return parseArgs({
      args,
      options: {
        root: string,
        system: string,
        closure: string,
        'store-path': string,
        flake: string,
        'no-bootloader': boolean,
        // Accepted without effect: dabei never asks for a password and never copies a channel.
        'no-root-passwd': boolean,
        'no-root-password': boolean,
        'no-channel-copy': boolean,
        channel: string,
        file: { ...string, short: 'f' },
        attr: { ...string, short: 'A' },
        include: { ...string, short: 'I' },
        help: { ...boolean, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw wrongUsage(asDabeiError(error, '').problem);
  }
}

function wrongUsage(problem: string): DabeiError {
  return new DabeiError('USAGE', { doing: 'reading the options of nixos-install', problem, remedy: usage });
}

const hour = 3600;

/**
 * @param memoryBytes size of the RAM
 * @param inherited variables of the caller's environment for Nix and the boot loader: proxies, NIX_CONFIG
 * @throws DabeiError CONFIG_SCHEMA if the flake reference is not valid
 */
export function planNixosInstall(
  { root, from, bootLoader, settings, buildFlags }: NixosInstall,
  memoryBytes: number,
  inherited: Readonly<Record<string, string>> = {},
): Step[] {
  const work = `${root}/.nixos-install`;
  const directories = { XDG_CACHE_HOME: `${work}/cache`, TMPDIR: `${work}/tmp` };
  const nix = nixIn(
    {
      ...inherited,
      ...directories,
      NIX_CONFIG: [nixSettings(memoryBytes), inherited['NIX_CONFIG'] ?? ''].join('\n').trim(),
    },
    secretDirectories(root),
  );
  // Nix copies paths from the installer's own store instead of fetching them, and trusts them without signatures.
  const store = ['--store', root, '--extra-substituters', 'auto?trusted=1'];
  return [
    cancelReturn,
    {
      kind: 'run',
      doing: 'making directories on the target',
      argv: ['mkdir', '-p', '-m', '0755', ...Object.values(directories), `${root}/etc`],
      timeoutSeconds: 10,
    },
    ...('flake' in from
      ? [
          nix(
            `building ${from.flake}`,
            [
              'nix',
              'build',
              ...store,
              '--out-link',
              `${work}/system`,
              ...settings,
              ...buildFlags,
              toplevelOf(from.flake),
            ],
            6 * hour,
            'FLAKE_BUILD',
          ),
        ]
      : []),
    nix(
      'setting the system profile',
      [
        ...['nix-env', ...store, '--profile', `${root}/nix/var/nix/profiles/system`, ...settings],
        ...['--set', 'system' in from ? from.system : `${work}/system`],
      ],
      6 * hour,
      'FLAKE_BUILD',
    ),
    pointRootsInside(root),
    ...markAsNixos(root),
    ...(bootLoader ? [installBootLoader(root, 'nixos-install', inherited)] : []),
    {
      kind: 'run',
      doing: "removing Nix's working files from the target",
      argv: ['rm', '-rf', work],
      timeoutSeconds: 600,
    },
  ];
}

/** The flake output for --flake: the name is an attribute of nixosConfigurations (nixos-install(8)). */
function toplevelOf(flake: string): string {
  const { url, attribute } = flakeReference(flake, '');
  return `${url}#nixosConfigurations.${JSON.stringify(attribute)}.config.system.build.toplevel`;
}
