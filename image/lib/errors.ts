/**
 * Every expected way in which a command of this project fails on the machine that runs it. A catalogue of its own: what
 * the agent refuses on a machine is in agent/errors.ts. The code is stable, the sentence is for people.
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
  USAGE: 'the command line is wrong',
  HOST_APT: 'this machine has no Debian archive configured',
  HOST_PACKAGES: 'packages that the build needs cannot be installed on this machine',
} as const;

export type BuildErrorCode = keyof typeof buildErrorCodes;

export interface BuildErrorDetail {
  /** What was being done, as a gerund phrase. */
  doing: string;
  /** What is wrong, without a full stop; further lines may follow, one for each item. */
  problem: string;
  /** What to do next. */
  remedy?: string;
  cause?: unknown;
}

/** Thrown on purpose by the build; image/top.ts prints it as sentences, without a stack. */
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

/** What people get to read of a failure, with the next step; nothing of where in the code it came up. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The agent's errors have the same fields.
  const { code, doing, remedy } = error as Partial<BuildError>;
  const first = doing === undefined ? error.message : `error ${code}: ${error.message}`;
  return remedy === undefined ? first : `${first}\n  next: ${remedy}`;
}

/** One thing that could not be had. */
export interface Missing {
  kind: 'package' | 'source' | 'list';
  /** Of the package, the source package, or the list ("trixie main/source"). */
  name: string;
  /** The version that was asked for first; empty where the list itself is missing. */
  version: string;
  /** What was tried, in order, and how each ended: "1.2-3 from trixie: 404 Not Found". */
  tried: readonly string[];
}

/**
 * Something from outside cannot be had. `unpack`, `unpackAlone` and `unpackSource` (debian/packages.ts) throw it, before
 * anything is compiled; who can do without the item catches it.
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
