import type { ErrorCode } from '../../errors.ts';
import type { Identity } from './url.ts';

/** For which machine, and until when, a signed configuration counts. Pure. */

/** A signature for longer would be one that somebody keeps to replay. */
const longestValidityDays = 90;
const daySeconds = 86_400;

/** What this machine knows of the time. */
export type TrustedTime = { epochSeconds: number } | { unknown: string };

export interface Clocks {
  /** The system's clock: the RTC at the start, but never before the image's build date, nor before the old system's time. */
  systemSeconds: number;
  /** The RTC now; null if there is none. */
  rtcSeconds: number | null;
  /** What `dabei.time` gave, plus the time since the start; null without it. */
  givenSeconds: number | null;
  /** What a server says, to which the clock was moved forward; `systemSeconds` is without that move. */
  networkSeconds?: number | null;
}

/**
 * The time is the RTC's, which needs no network and survives one that lies. If the system's clock differs from it by more than a
 * day, one of the two is wrong, and nobody knows which. The time of a server is never trusted, but it may show that the RTC is wrong.
 */
export function trustedTime(clocks: Clocks): TrustedTime {
  const { systemSeconds, rtcSeconds, givenSeconds, networkSeconds = null } = clocks;
  if (givenSeconds !== null) return { epochSeconds: givenSeconds };
  if (rtcSeconds === null) return { unknown: 'this machine has no clock that runs while it is off' };
  if (Math.abs(systemSeconds - rtcSeconds) > daySeconds)
    return {
      unknown: `the machine's clock says ${utc(rtcSeconds)}, and the image or the old system ${utc(systemSeconds)}`,
    };
  if (networkSeconds !== null && Math.abs(networkSeconds - rtcSeconds) > daySeconds)
    return {
      unknown: `the machine's clock says ${utc(rtcSeconds)}, and the server of the configuration ${utc(networkSeconds)}`,
    };
  return { epochSeconds: systemSeconds };
}

/** "2026-11-29T12:00:00Z" */
export function utc(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

export interface Validity {
  for?: { serial?: string | undefined; mac?: string | undefined; uuid?: string | undefined } | undefined;
  notAfter?: string | undefined;
}

export interface ValidityProblem {
  code: ErrorCode;
  path: readonly string[];
  message: string;
  remedy: string;
}

/** What the configuration would do, and who vouches for it. */
export interface Use {
  /** The machine would erase disks: an end needs a time that it can trust. */
  installs: boolean;
  /** It has a signature: to install, it needs a machine and an end, or somebody could keep it and use it again. */
  isSigned: boolean;
}

/**
 * @param identity null where nobody knows which machine will read it
 * @param now the machine's time
 */
export function validityProblems(
  { for: machine, notAfter }: Validity,
  { installs, isSigned }: Use,
  identity: Identity | null,
  now: TrustedTime,
): ValidityProblem[] {
  const needsBoth = installs && isSigned;
  const problems: ValidityProblem[] = [];
  const add = (code: ErrorCode, path: string, message: string, remedy: string) =>
    problems.push({ code, path: [path], message, remedy });
  if (machine !== undefined && identity !== null) {
    for (const [name, wanted] of Object.entries(machine)) {
      if (wanted === undefined || matches(name as keyof typeof machine, wanted, identity)) continue;
      const own = describe(name as keyof typeof machine, identity);
      add('CONFIG_OTHER_MACHINE', 'for', `is signed for ${name} ${JSON.stringify(wanted)}, and this machine has ${own}`, 'sign a configuration for this machine, or correct what the server answers'); // prettier-ignore
    }
  }
  if (machine === undefined && needsBoth)
    add('CONFIG_SCHEMA', 'for', 'is missing, and a signed configuration needs it to install', 'write "for": {"serial": "…"}, {"mac": "…"} or {"uuid": "…"}, and sign again'); // prettier-ignore
  if (notAfter === undefined) {
    if (needsBoth)
      add('CONFIG_SCHEMA', 'notAfter', 'is missing, and a signed configuration needs it to install', `write a time within ${longestValidityDays} days, such as "${example(now)}", and sign again`); // prettier-ignore
    return problems;
  }
  const end = Date.parse(notAfter) / 1000;
  if ('unknown' in now) {
    if (installs)
      add('CONFIG_EXPIRED', 'notAfter', `cannot be checked: ${now.unknown}`, "set the machine's clock in its firmware, or give the time with dabei.time="); // prettier-ignore
    return problems;
  }
  const { epochSeconds } = now;
  if (end < epochSeconds)
    add('CONFIG_EXPIRED', 'notAfter', `has passed: it is ${utc(epochSeconds)}`, 'sign it again with a later time');
  else if (isSigned && end > epochSeconds + longestValidityDays * daySeconds)
    add('CONFIG_EXPIRED', 'notAfter', `is more than ${longestValidityDays} days after ${utc(epochSeconds)}`, 'sign it again with an earlier time'); // prettier-ignore
  return problems;
}

function example(now: TrustedTime): string {
  return 'unknown' in now ? '2027-01-31T00:00:00Z' : utc(now.epochSeconds + 7 * daySeconds);
}

function matches(name: keyof NonNullable<Validity['for']>, wanted: string, identity: Identity): boolean {
  const text = wanted.trim().toLowerCase();
  if (name === 'mac') return identity.allMacs.includes(text.replaceAll('-', ':'));
  return identity[name]?.trim().toLowerCase() === text;
}

function describe(name: keyof NonNullable<Validity['for']>, identity: Identity): string {
  if (name === 'mac') return identity.allMacs.join(' ') || 'no network card';
  const own = identity[name];
  return own === null ? 'none' : JSON.stringify(own);
}
