import { join } from 'node:path';
import { cacheDirectory } from '../lib/cache.ts';
import { readLockFile, type LockFile } from './lock-file.ts';
import { hostArchives, type Archives } from './archives.ts';

/** What fetching depends on; a test gives its own mirror, key and limits to the same code. */
export interface Context {
  /** Everything that was fetched lies below it. */
  directory: string;
  archives: () => Promise<Archives>;
  /** Public keys whose signatures count, as gpgv(1) reads them. */
  keyring: string;
  /** The image's own Debian release. */
  suite: string;
  components: readonly string[];
  limits: Limits;
  /** Package lists are fetched again even where those in the cache are young. */
  update: boolean;
  /** Versions and hashes of an earlier build, which are used instead of the lists; null for what the lists say today. */
  locked: LockFile | null;
}

export interface Limits {
  /** A transfer ends after so long without a byte. */
  idleSeconds: number;
  /** A transfer ends when it takes longer than its size at this rate, */
  bytesPerSecond: number;
  /** and so long besides: for connecting, and since the rate says nothing about small files. */
  leastSeconds: number;
  /** How often one address is tried when it fails otherwise than by saying that it has no such file. */
  tries: number;
  /** Before the second try; doubled for each further one. */
  pauseSeconds: number;
  /** So many transfers in a row without an answer, for so long, and the mirror counts as away: nothing further is tried. */
  failuresInARow: number;
  silentSeconds: number;
  /** For what another build holds. */
  lockSeconds: number;
}

const limits: Limits = {
  idleSeconds: 30,
  bytesPerSecond: 50_000,
  leastSeconds: 30,
  tries: 3,
  pauseSeconds: 2,
  failuresInARow: 6,
  silentSeconds: 60,
  lockSeconds: 3600,
};

let lockFile: LockFile | undefined;

export const standard: Context = {
  directory: join(cacheDirectory, 'debian'),
  archives: hostArchives,
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  suite: 'trixie',
  components: ['main', 'contrib'],
  limits,
  update: process.argv.includes('--update'),
  get locked() {
    return process.argv.includes('--locked') ? (lockFile ??= readLockFile()) : null;
  },
};
