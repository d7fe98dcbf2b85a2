import { fits, withoutCounter } from './boot-menu.ts';

/**
 * The first boot on trial: until somebody has logged in to the installed system, the rescue system is the default of the boot menu, and
 * the installed system is started once. This file decides what the rescue system does with what it finds on the ESPs. Pure.
 *
 *     pending ── the installed system starts ──► started ── somebody logs in ──► confirmed ── the default is set ──► (no file)
 *                                                   └── the rescue system starts ──► failed
 *
 * nix/host-flake/trial-state.sh changes the same files from the installed system's side.
 */

/** One word and a line end in dabei/trial of each ESP. */
const trialStates = ['pending', 'started', 'failed', 'confirmed'] as const;
export type TrialState = (typeof trialStates)[number];

/** Files of the trial on an ESP, and its entry in the boot menu. */
export const trialFiles = {
  state: 'dabei/trial',
  systemdBootEntry: 'loader/entries/nix-dabei-trial.conf',
  grubId: 'nix-dabei-trial',
} as const;

export const rescueEntryId = 'nix-dabei.conf';
/** In grubenv of each ESP; nix/host-flake/trial-menu.sh puts what reads it into grub.cfg. */
export const grubVariable = 'dabei_trial';

/**
 * @param text dabei/trial; null without such a file
 * @param beside dabei/trial.new, which stays where power fails before it is renamed
 * @returns "damaged" if neither file is whole: FAT writes names before contents
 */
export function parseTrial(text: string | null, beside: string | null): TrialState | 'damaged' | null {
  if (text === null && beside === null) return null;
  const found = [text, beside].flatMap(each => trialStates.find(state => each === `${state}\n`) ?? []);
  return found[0] ?? 'damaged';
}

export interface EspTrial {
  state: TrialState | 'damaged' | null;
  /** Without anybody at the menu, this ESP starts the rescue system. */
  startsRescue: boolean;
  /** GRUB noted that it has started the installed system. */
  loaderStarted: boolean;
}

export type Decision =
  /** No trial, or one that is over: somebody chose this entry. */
  | { kind: 'none' }
  /** The boot loader did not start the installed system, so this system does, after it wrote "started". */
  | { kind: 'start' }
  /** Somebody has logged in, but power failed before the default was set. */
  | { kind: 'finish' }
  /** This system stays; "failed" is to be written. */
  | { kind: 'failed'; why: 'started' | 'failed' | 'damaged' };

/** The state that is furthest counts. An ESP without the file is one where the trial is over: a trial begins on all of them. */
export function decideTrial(esps: readonly EspTrial[]): Decision {
  const has = (wanted: EspTrial['state']) => esps.some(({ state }) => state === wanted);
  if (esps.every(({ state }) => state === null)) return { kind: 'none' };
  if (has('confirmed') || has(null))
    return esps.some(({ startsRescue }) => startsRescue) ? { kind: 'finish' } : { kind: 'none' };
  if (has('failed')) return { kind: 'failed', why: 'failed' };
  if (has('started') || esps.some(({ loaderStarted }) => loaderStarted))
    return { kind: 'failed', why: 'started' };
  return has('pending') ? { kind: 'start' } : { kind: 'failed', why: 'damaged' };
}

/** Which system has found the trial: the rescue entry of the machine itself, or a medium, which has no `dabei unlock`. */
export type FoundBy = 'rescue' | 'medium';

const startsOnTrial: Readonly<Record<FoundBy, string>> = {
  rescue: 'the boot loader did not start the installed system on trial',
  medium: 'the installed system starts on trial',
};
const nextAfterFailure: Readonly<Record<FoundBy, string>> = {
  rescue:
    '"dabei unlock" opens the installed system, "dabei log" has its warnings; "dabei confirm" makes it the default again, "dabei boot N" another generation',
  medium: 'restart without the medium: the machine starts its own rescue system',
};

/** Why the machine is in this system, or leaves it. @returns null without a trial */
export function tellTrial(decision: Decision, by: FoundBy = 'rescue'): string | null {
  switch (decision.kind) {
    case 'none':
      return null;
    case 'finish':
      return 'the installed system was confirmed, but a power cut kept it from becoming the default';
    case 'start':
      return startsOnTrial[by];
    case 'failed':
      return `${
        {
          started: 'the installed system was started on trial, and nobody logged in to it in time',
          failed: 'the trial of the installed system failed at an earlier start',
          damaged: 'the state of the trial cannot be read on any ESP',
        }[decision.why]
      }; next: ${nextAfterFailure[by]}`;
  }
}

/** What `dabei confirm` notes in place of it: the next start is the installed system's. */
export const confirmedHere = 'the installed system was confirmed here';

/** Why, without what to do next. */
export const reasonTold = (told: string): string => told.split('; next: ')[0]!.trim();

/** The line that keeps the default of NixOS, as a comment for systemd-boot (loader.conf(5)). */
const keptDefault = /^#dabei (default|preferred)[ \t]+(.*)$/;

/** loader.conf with the default that it had before the trial. */
export function withoutTrialDefault(text: string): string {
  return text
    .split('\n')
    .filter(line => !new RegExp(`^default[ \\t]+${rescueEntryId}[ \\t]*$`).test(line))
    .map(line => line.replace(keptDefault, '$1 $2'))
    .join('\n');
}

/** What kexec loads: paths on the ESP. */
export interface BootFiles {
  kernel: string;
  initrds: string[];
  options: string;
}

/**
 * An entry of the Boot Loader Specification, or the body of one of NixOS' GRUB entries, "linux ($drive1)//kernels/… OPTIONS".
 * @returns null if it names no kernel
 */
export function bootFiles(entry: string): BootFiles | null {
  const values = (key: string) =>
    [...entry.matchAll(new RegExp(`^\\s*${key}[ \\t]+(.*?)[ \\t]*$`, 'gm'))].map(([, value]) => value!);
  const onEsp = (path: string) => path.replace(/^\(\$\w+\)/, '').replace(/^\/+/, '/');
  const [kernel, ...ofGrub] = values('linux')[0]?.split(/[ \t]+/) ?? [];
  if (kernel === undefined || kernel === '') return null;
  return {
    kernel: onEsp(kernel),
    initrds: values('initrd').flatMap(value => value.split(/[ \t]+/).map(onEsp)),
    options: [...ofGrub, ...values('options')].join(' '),
  };
}

/** The body of the entry of grub.cfg with this id, or without one, of the first that starts a NixOS. */
export function grubEntry(config: string, id: string | null): string | null {
  const entries = [...config.matchAll(/^[ \t]*menuentry ([^\n]*)\{\n([^]*?)^[ \t]*\}[ \t]*$/gm)];
  const found = entries.find(
    ([, head = '', body = '']) =>
    id === null ? /^\s*linux .*\binit=/m.test(body) && !head.includes(trialFiles.grubId) : head.includes(`--id ${id} `), // prettier-ignore
  );
  return found?.[2] ?? null;
}

const guid = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

/**
 * EFI variables of systemd-boot's that win over loader.conf. The second is there since systemd 260.
 * https://systemd.io/BOOT_LOADER_INTERFACE/
 */
export const defaultVariables = [
  { name: 'LoaderEntryDefault', guid },
  { name: 'LoaderEntryPreferred', guid },
] as const;

/**
 * Whether an older default of the firmware's would start something else than the entry that is wanted.
 * @param value of the variable, without its attributes; null without one
 * @param entries names of the files in loader/entries
 */
export function overridesDefault(value: Buffer | null, entries: readonly string[], wanted: string): boolean {
  if (value === null) return false;
  const pattern = value.toString('utf16le').split('\0')[0]!.toLowerCase();
  // Entries of no file.
  if (/^(auto-|@)/.test(pattern)) return true;
  return entries.map(withoutCounter).some(entry => fits(entry, pattern) && entry !== wanted);
}
