import { join } from 'node:path';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { run } from '../../../../agent/host/exec.ts';
import * as files from '../../../../image/lib/files.ts';
import type { Site } from '../../harness/site.ts';

/**
 * Signs a text as an operator does on a laptop: `ssh-keygen -Y sign`, which "dabei sign" starts.
 * @param by file with the private key; by default, the one that logs in
 */
export async function signText(site: Site, text: string, by = site.keys.user.file): Promise<string> {
  const file = join(site.directory, 'signed');
  files.write(file, text);
  files.remove(`${file}.sig`);
  const argv = ['ssh-keygen', '-q', '-Y', 'sign', '-n', 'nix-dabei-config', '-f', by, file];
  await run({ doing: 'signing a text', argv, timeoutSeconds: 20 });
  return files.readText(`${file}.sig`);
}

/** @param days from now, in UTC, as `notAfter` has it */
export const inDays = (days: number) =>
  new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');

/** The line of allowed_signers for the key that logs in. */
export const signerOf = (site: Site) => `fleet namespaces="nix-dabei-config" ${site.keys.user.public}`;

/** By the firmware of the machines of these worlds. */
export const serial = 'RACK-0042';

/** What is signed for it: it is planned, and nothing is erased. */
export const plannedFor = (site: Site): ConfigInput => ({
  mode: 'plan',
  hostName: 'rack-0042',
  rootAuthorizedKeys: [site.keys.user.public],
  for: { serial },
  notAfter: inDays(7),
  disks: { devices: ['only'], encryption: 'none' },
});
