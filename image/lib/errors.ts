/**
 * Every expected failure of this project's commands on the machine that builds, or that prepares a medium. What the agent refuses on a target
 * machine is in agent/errors.ts. Codes are stable; sentences are for people.
 */
export const buildErrorCodes = {
  FETCH_MISSING: 'the build needs something that no mirror has',
  FETCH_LISTS: 'no package list of a Debian release with a valid signature and hash is available',
  FETCH_RESOLVE: 'apt finds no consistent set of versions',
  LOCK_FILE: 'the lock file is missing or cannot be read',
  LOCK_GONE: 'the mirror no longer has the versions of the lock file',
  LOCK_WAIT: 'another program has held a lock for too long',
  BUILD_STEP: 'a program that builds a part of the image failed',
  REDUCTION: 'a smaller replacement for one of the files of Debian is not available',
  RELEASE: 'something prevents the release of this build',
  MEDIUM_UNKNOWN: 'a file is not a medium of nix-dabei that can be configured',
  MEDIUM_TRUNCATED: 'a medium is shorter than it says',
  MEDIUM_SECTORS: 'a medium has sectors of a size that no machine starts it from',
  MEDIUM_DAMAGED: 'the reserved file of a medium is damaged',
  MEDIUM_TOO_SMALL: 'a configuration is larger than the reserved file of the medium',
  COPIES_SHARED_KEY: 'all copies of an encrypted disk would have the same master key',
  USAGE: 'the command line is wrong',
  HOST_APT: 'this machine has no Debian archive configured',
  HOST_PACKAGES: 'packages that the build needs cannot be installed on this machine',
} as const;

export type BuildErrorCode = keyof typeof buildErrorCodes;

export interface BuildErrorDetail {
  /** What the command was doing, as a gerund phrase. */
  doing: string;
  /** What is wrong, without a full stop; further lines may follow, one for each item. */
  problem: string;
  /** What to do next. */
  remedy?: string;
  cause?: unknown;
}

/** An expected failure of the build; image/top.ts prints it as sentences, without a stack. */
export class BuildError extends Error {
  readonly code: BuildErrorCode;
  readonly doing: string;
  readonly problem: string;
  readonly remedy: string | undefined;

  constructor(code: BuildErrorCode, detail: BuildErrorDetail) {
    super(`${detail.doing}: ${detail.problem}`, { cause: detail.cause });
    this.name = 'BuildError';
    this.code = code;
    this.doing = detail.doing;
    this.problem = detail.problem;
    this.remedy = detail.remedy;
  }
}

/** What people read about a failure, with the next step, but without the place in the code. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The agent's errors have the same fields.
  const { code, doing, remedy } = error as Partial<BuildError>;
  const first = doing === undefined ? error.message : `error ${code}: ${error.message}`;
  return remedy === undefined ? first : `${first}\n  next: ${remedy}`;
}

/** One unavailable item. */
export interface Missing {
  kind: 'package' | 'source' | 'list';
  /** Names the package, the source package, or the list ("trixie main/source"). */
  name: string;
  /** The version that was tried first; empty if the list itself is missing. */
  version: string;
  /** Every try, in order, with its result: "1.2-3 from trixie: 404 Not Found". */
  tried: readonly string[];
}

/**
 * Something external is not available. `unpack`, `unpackAlone` and `unpackSource` (debian/packages.ts) throw it before
 * anything is compiled; a caller that can do without the item catches it.
 */
export class FetchMissing extends BuildError {
  declare readonly code: 'FETCH_MISSING';
  readonly items: readonly Missing[];

  constructor(doing: string, items: readonly Missing[], cause?: unknown) {
    const lines = items.flatMap(item => [
      `\n  ${item.kind} ${item.name}${item.version === '' ? '' : ` ${item.version}`}`,
      ...item.tried.map(line => `\n    tried ${line}`),
    ]);
    super('FETCH_MISSING', {
      doing,
      problem: `${items.length === 1 ? 'one item is' : `${items.length} items are`} not available:${lines.join('')}`,
      remedy:
        'run the same command again in some hours (the mirror may be being updated), or configure another mirror in /etc/apt; fetched files are kept',
      cause,
    });
    this.items = items;
  }
}
