import { BuildError } from '../lib/errors.ts';
import { run } from '../lib/host.ts';

/**
 * The Debian archives that this machine is configured for, by kind, so that the project names no mirror. Debian has
 * three kinds: the release, its `-updates` on the same servers, and `-security` on other servers.
 */

export const kinds = ['release', 'updates', 'security'] as const;
export type Kind = (typeof kinds)[number];

/** Addresses of the archives, each with a trailing slash, in the order of this machine's configuration. */
export type Archives = Readonly<Record<Kind, readonly string[]>>;

/** The suite of a release for each kind: trixie, trixie-updates, trixie-security. */
export const suiteOf = (release: string, kind: Kind): string =>
  kind === 'release' ? release : `${release}-${kind}`;

/**
 * Reads apt's configuration: one line for each configured index (apt-get(8), indextargets).
 * @throws BuildError HOST_APT
 */
export async function hostArchives(): Promise<Archives> {
  const doing = 'asking apt for its Debian archives';
  const format = '$(ORIGIN) $(CODENAME) $(REPO_URI)';
  const { stdout } = await run({
    doing,
    argv: ['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'],
    timeoutSeconds: 60,
  });
  const archives = archivesOf(stdout);
  if (archives.release.length > 0) return archives;
  throw new BuildError('HOST_APT', {
    doing,
    problem: 'no Debian archive is configured, or its index was never fetched',
    remedy: 'run apt-get update on a Debian 12 or 13 machine',
  });
}

/** @param text lines of "ORIGIN CODENAME ADDRESS" */
export function archivesOf(text: string): Archives {
  const found: Record<Kind, string[]> = { release: [], updates: [], security: [] };
  for (const line of text.split('\n')) {
    const [origin, codename = '', address = ''] = line.trim().split(' ');
    const kind = kindOf(codename);
    if (origin !== 'Debian' || kind === null || address === '') continue;
    const withSlash = address.endsWith('/') ? address : `${address}/`;
    if (!found[kind].includes(withSlash)) found[kind].push(withSlash);
  }
  return found;
}

/** The kind of a suite, by its codename; null for backports, proposed updates and others. */
function kindOf(codename: string): Kind | null {
  if (/^[a-z]+$/.test(codename)) return 'release';
  // Until Debian 10, security updates were "buster/updates".
  if (/^[a-z]+(-security|\/updates)$/.test(codename)) return 'security';
  return /^[a-z]+-updates$/.test(codename) ? 'updates' : null;
}
