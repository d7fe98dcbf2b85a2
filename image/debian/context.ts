import { join } from 'node:path';
import { cacheDirectory } from '../lib/cache.ts';
import { readLockFile, type LockFile } from './lock-file.ts';
import { hostArchives, type Archives } from './archives.ts';

/** What fetching depends on; a test passes its own mirror, key and limits to the same code. */
export interface Context {
  /** The directory below which every fetched file is stored. */
  directory: string;
  archives: () => Promise<Archives>;
  /** Public keys whose signatures gpgv(1) accepts. */
  keyring: string;
  /** The image's own Debian release. */
  suite: string;
  components: readonly string[];
  limits: Limits;
  /** Fetch package lists again even if the cached ones are recent. */
  update: boolean;
  /** Versions and hashes of an earlier build, to use instead of the package lists; null: use the package lists. */
  locked: LockFile | null;
}

export interface Limits {
  /** A transfer fails after this many seconds without a byte. */
  idleSeconds: number;
  /** A transfer fails if it takes longer than its size at this rate, */
  bytesPerSecond: number;
  /** plus this many seconds, for connecting and for small files, whose size says little about their duration. */
  leastSeconds: number;
  /** How often one address is tried, unless the server answers that it does not have the file. */
  tries: number;
  /** Wait before the second try; doubled for each further one. */
  pauseSeconds: number;
  /**
   * After this many failed transfers in a row, over this many seconds, the mirror counts as down and is not asked
   * again.
   */
  failuresInARow: number;
  silentSeconds: number;
  /** How long to wait for another build that holds a lock. */
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
