import { canonicalName, parseCommandLine } from '../config/sources/command-line.ts';

/** On which consoles the status appears, and how. Pure. */

/**
 * Values of dabei.screen. "on": on the VGA console, or, without one, as plain lines on the serial consoles. "serial": drawn on the serial
 * consoles, too. "plain": as plain lines on every console, without control sequences.
 */
export const screenValues = ['on', 'serial', 'plain', 'off'] as const;
type ScreenValue = (typeof screenValues)[number];

/** Values of dabei.medium: what the machine was started from, nix-dabei.iso or nix-dabei.img. */
export const mediumValues = ['iso', 'img'] as const;

export interface Outputs {
  /** Names of terminals below /dev, such as "tty1", on which the status is drawn. */
  drawn: readonly string[];
  /** Those that get plain lines. */
  plain: readonly string[];
}

export interface OutputQuestion {
  /** Of the kernel, unredacted. */
  commandLine: string;
  /** Names of the kernel's consoles: "tty0", "ttyS0". */
  consoles: readonly string[];
  /** A display is behind the virtual terminals. */
  hasDisplay: boolean;
}

/** Decides where the status appears: by default on media only. */
export function screenOutputs({ commandLine, consoles, hasDisplay }: OutputQuestion): Outputs {
  const asked = valueOf(commandLine, 'dabei.screen');
  const screen: ScreenValue =
    screenValues.find(value => value === asked) ?? (isMedium(commandLine) ? 'on' : 'off');
  if (screen === 'off') return { drawn: [], plain: [] };
  // tty0 is the terminal in the foreground: tty1 at first.
  const displays = hasDisplay && consoles.some(isVirtual) ? ['tty1'] : [];
  const serial = consoles.filter(name => !isVirtual(name));
  switch (screen) {
    case 'on':
      return displays.length > 0 ? { drawn: displays, plain: [] } : { drawn: [], plain: serial };
    case 'serial':
      return { drawn: [...displays, ...serial], plain: [] };
    case 'plain':
      return { drawn: [], plain: [...displays, ...serial] };
  }
}

/** Whether the machine was started from a CD, a stick or a disk with nix-dabei.img: somebody stands in front of it, or sees its display. */
export function isMedium(commandLine: string): boolean {
  const value = valueOf(commandLine, 'dabei.medium');
  return mediumValues.some(known => known === value);
}

function valueOf(commandLine: string, wanted: string): string | undefined {
  const given = parseCommandLine(commandLine).filter(({ name }) => canonicalName(name) === wanted);
  return given.at(-1)?.value ?? undefined;
}

/** "tty0", "tty1"; not "ttyS0". */
const isVirtual = (name: string): boolean => /^tty\d+$/.test(name);
