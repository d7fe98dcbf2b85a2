import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { Secret } from '../../secret.ts';
import { event } from '../report/event.ts';
import type { WriteStep } from '../step.ts';
import { stateDirectory, targetRoot } from '../target.ts';

/**
 * A trial that the receiver of reports confirms: the installed system sends it one event, and an answer 2xx is enough
 * (nix/host-flake/trial-wait.sh). Pure.
 */

/**
 * In the installed system, for root alone, and never in the Nix store: the receiver's token is in it. It survives an emptied root file
 * system (target.ts, persistedDirectories), and goes when the trial is over. The event and a certificate are beside it.
 */
const reportFile = `${stateDirectory}/trial-report`;
const eventFile = `${reportFile}.json`;
const authorityFile = `${reportFile}.pem`;

/** Of NixOS (security.pki). */
const authorities = '/etc/ssl/certs/ca-certificates.crt';

/** @returns nothing without a receiver */
export function writeTrialReport(
  { report, configCa, hostName }: Config,
  { identity, links }: Facts,
): WriteStep[] {
  if (report === undefined) return [];
  const { token, header } = report;
  const text = (secret: Secret) => secret.reveal().toString('latin1');
  const options: [name: string, value: string][] = [
    ['url', new URL(report.url).href],
    ['cacert', configCa === undefined ? authorities : authorityFile],
    ['header', 'content-type: application/json'],
    ...(token === undefined ? [] : [['header', `authorization: Bearer ${text(token)}`] as const]),
    ...(header === undefined ? [] : [['header', text(header)] as const]),
  ].map(([name = '', value = '']) => [name, value]);
  const machine = {
    hostname: hostName,
    serial: identity?.serial ?? null,
    uuid: identity?.uuid ?? null,
    macs: links.filter(({ kind, absent }) => kind === undefined && !absent).map(({ mac }) => mac),
  };
  // The installed system puts the time in front.
  const { timestamp: _, ...words } = event('dabei/trial', 'the installed system runs', 0);
  const whole = { ...words, event_type: 'finish', result: 'SUCCESS', machine };
  const write = (doing: string, path: string, content: WriteStep['content']): WriteStep => ({
    kind: 'write',
    doing,
    path: `${targetRoot}${path}`,
    mode: 0o600,
    content,
  });
  return [
    ...(configCa === undefined
      ? []
      : [write('writing the authority of the receiver of reports', authorityFile, configCa)]),
    write('writing what confirms the trial', eventFile, `${JSON.stringify(whole)}\n`),
    write('writing where the trial is confirmed', reportFile, new Secret(curlOptions(options))),
  ];
}

/** A file for curl(1), --config: in quotes, backslashes and quotes have a backslash before them. */
function curlOptions(options: readonly [name: string, value: string][]): string {
  return options.map(([name, value]) => `${name} = "${value.replace(/[\\"]/g, '\\$&')}"\n`).join('');
}
