import { valueAt, type Located } from '../located.ts';
import type { Problem } from '../report.ts';
import { ownSettings } from '../schema/fetch.ts';
import { defaultDeadlineSeconds } from './url-schedule.ts';

/** What to fetch, and by what to verify it, from this boot's own sources. Pure. */
export interface FetchOrder {
  /** With placeholders. */
  template: string;
  sha256: string | null;
  /** Lines of allowed_signers; without any, no signature is asked for. */
  signers: readonly string[];
  /** PEM; null for the authorities of the image. */
  ca: string | null;
  deadlineSeconds: number;
  /** The time at the start of the machine, in seconds since 1970; null if nothing but its clock says so. */
  timeSeconds: number | null;
}

/** @returns null if there is no address, or if a setting is invalid, which the schema reports */
export function fetchOrder(own: Located): FetchOrder | null {
  const read = (name: keyof typeof ownSettings) => settingOf(own, name);
  const template = read('configUrl');
  if (typeof template !== 'string') return null;
  return {
    template,
    sha256: (read('configSha256') as string | undefined) ?? null,
    signers: (read('configSigners') as string[] | undefined) ?? [],
    ca: (read('configCa') as string | undefined) ?? null,
    deadlineSeconds: (read('configDeadline') as number | undefined) ?? defaultDeadlineSeconds,
    timeSeconds: givenTime(own),
  };
}

/** The time at the start of the machine that its operator gave, in seconds since 1970; null without it. */
export function givenTime(own: Located): number | null {
  const time = settingOf(own, 'time');
  return typeof time === 'string' ? Date.parse(time) / 1000 : null;
}

/** A setting of this boot's own sources, as the schema has it; undefined without it, and if it is invalid, which the schema reports. */
export function settingOf(own: Located, name: keyof typeof ownSettings) {
  const located = valueAt(own, [name]);
  if (located === undefined) return undefined;
  const value: unknown =
    located.kind === 'scalar'
      ? located.value
      : located.kind === 'array'
        ? located.items.map(item => (item.kind === 'scalar' ? item.value : null))
        : null;
  return ownSettings[name].safeParse(value).data;
}

/** The hash, or the signature, is checked. */
export function isVerified({ sha256, signers }: FetchOrder): boolean {
  return sha256 !== null || signers.length > 0;
}

/** Plain HTTP alone is refused before any request: whoever is on the way could answer with a configuration of their own. */
export function unverifiedProblem(order: FetchOrder, own: Located): Problem[] {
  if (!order.template.toLowerCase().startsWith('http:') || isVerified(order)) return [];
  return [
    {
      code: 'CONFIG_URL_UNVERIFIED',
      ...valueAt(own, ['configUrl'])!.place,
      message: 'is plain HTTP, and neither its hash nor a signer is given',
      remedy: 'use https, or give dabei.config_sha256 or dabei.config_signer',
    },
  ];
}
