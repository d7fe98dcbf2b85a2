import { attempt } from '../lib/host.ts';
import * as files from '../lib/files.ts';
import { parseChecksums, parseParagraph, type Listed } from './control.ts';

/** A Release file with its signature inside (InRelease): which index has which hash. wiki.debian.org/DebianRepository/Format */

export interface Release {
  /** Codename of the suite that it claims to describe. */
  codename: string;
  /** After this date, an attacker may be replaying an old file; null if it never expires. */
  validUntil: Date | null;
  /** Whether the mirror also serves indexes by hash; those do not change in the middle of an update. */
  byHash: boolean;
  /** Paths are relative to the suite's directory. */
  indexes: ReadonlyMap<string, Listed>;
}

export type Verified = { text: string } | { problem: string };

/**
 * Returns only the text that gpgv(1) verified, without anything around it. Several keys sign a release. As apt does,
 * this requires a valid signature of at least one known key, and rejects an invalid signature of any known key.
 */
export async function verify(path: string, keyring: string): Promise<Verified> {
  const output = `${path}.signed`;
  files.remove(output);
  const { stdout } = await attempt({
    doing: `checking the signature of ${path}`,
    argv: ['gpgv', '--keyring', keyring, '--status-fd', '1', '--output', output, path],
    timeoutSeconds: 60,
  });
  const text = files.exists(output) ? files.readText(output) : '';
  files.remove(output);
  // gnupg, doc/DETAILS: one of these lines for each signature.
  const said = (keyword: string) => new RegExp(`^\\[GNUPG:\\] ${keyword} `, 'm').test(stdout);
  if (said('BADSIG')) return { problem: 'its signature is not valid' };
  if (!said('GOODSIG')) return { problem: 'it is not signed by a key of Debian' };
  return text === '' ? { problem: 'it is empty' } : { text };
}

export function parseRelease(text: string): Release {
  const fields = parseParagraph(text);
  const until = new Date(fields.get('Valid-Until') ?? '');
  return {
    codename: fields.get('Codename') ?? '',
    validUntil: Number.isNaN(until.getTime()) ? null : until,
    byHash: fields.get('Acquire-By-Hash') === 'yes',
    indexes: new Map(parseChecksums(fields.get('SHA256') ?? '').map(listed => [listed.path, listed])),
  };
}
