import { BuildError } from '../lib/errors.ts';
import { tell } from '../lib/progress.ts';
import { isReduction, reductions, type Reduction } from './reductions.ts';

/**
 * If a reduction fails, the build uses Debian's own file instead. The resulting image works, and image.json names the
 * fallback. The cache stores that image under another key, so a later build without the failure makes the small one.
 */

export interface Fallback {
  part: Reduction;
  /** One line, the same for the same fault, because it becomes part of the image's description. */
  reason: string;
}

/** A reduction cannot handle its input. */
export class CannotReduce extends BuildError {
  constructor(doing: string, problem: string, cause?: unknown) {
    super('REDUCTION', { doing, problem, cause });
  }
}

export interface FallbackOptions {
  /** Use Debian's own file without trying; for tests. */
  fallBack?: readonly Reduction[];
  /** Treat every fallback as an error. */
  strict?: boolean;
}

/** The fallbacks of one build. */
export class Fallbacks {
  readonly #options: FallbackOptions;
  readonly #taken: Fallback[] = [];
  readonly #tell: (line: string) => void;

  /**
   * @param say where warnings go
   * @throws BuildError USAGE if the options ask both for fallbacks and for none
   */
  constructor(options: FallbackOptions = {}, say: (line: string) => void = tell) {
    if (options.strict && (options.fallBack ?? []).length > 0)
      throw new BuildError('USAGE', {
        doing: 'reading --strict',
        problem: 'it cannot be combined with --fall-back',
        remedy: 'remove one of the two',
      });
    this.#options = options;
    this.#tell = say;
  }

  /** In the order of reductions.ts. */
  get taken(): readonly Fallback[] {
    return reductions.flatMap(part => this.#taken.find(taken => taken.part === part) ?? []);
  }

  /** Whether to use Debian's own file without trying. */
  isAsked(part: Reduction): boolean {
    return this.#options.fallBack?.includes(part) ?? false;
  }

  has(part: Reduction): boolean {
    return this.#taken.some(taken => taken.part === part);
  }

  /**
   * @returns the result of `build`; null to use Debian's own file
   * @throws errors that do not justify a fallback, and with `strict` the others, too
   */
  async reduce<T>(part: Reduction, build: () => Promise<T>): Promise<T | null> {
    if (this.isAsked(part)) return this.#take(part, 'asked for');
    try {
      return await build();
    } catch (error) {
      if (!isReason(error)) throw error;
      if (this.#options.strict) throw insist(part, error);
      return this.#take(part, firstLine(error.message), error.remedy);
    }
  }

  #take(part: Reduction, reason: string, remedy?: string): null {
    this.#taken.push({ part, reason });
    const next = remedy === undefined ? '' : ` (${remedy})`;
    this.#tell(`warning: ${part}: using Debian's own file, which makes the image larger: ${reason}${next}`);
    return null;
  }
}

/** A source is not available, a build step failed, or its result is not as required. */
const isReason = (error: unknown): error is BuildError =>
  error instanceof BuildError && ['FETCH_MISSING', 'BUILD_STEP', 'REDUCTION'].includes(error.code);

const firstLine = (text: string): string =>
  text
    .split('\n')[0]!
    .slice(0, 200)
    .replace(/[\s:]+$/, '');

function insist(part: Reduction, { code, message, remedy, cause }: BuildError): BuildError {
  const without = "remove --strict to use Debian's own file, which makes the image larger";
  return new BuildError(code, {
    doing: `making the image smaller (${part})`,
    problem: message,
    remedy: remedy === undefined ? without : `${remedy}; or ${without}`,
    cause,
  });
}

/**
 * @param text parts separated by commas, or "all"
 * @throws BuildError USAGE naming the unknown parts, and the valid ones
 */
export function parseReductions(text: string): readonly Reduction[] {
  if (text === 'all') return reductions;
  const names = text.split(',').map(name => name.trim());
  const unknown = names.filter(name => !isReduction(name));
  if (unknown.length === 0) return reductions.filter(part => names.includes(part));
  throw new BuildError('USAGE', {
    doing: 'reading --fall-back',
    problem: `the image has no reduction named ${unknown.map(name => JSON.stringify(name)).join(' or ')}`,
    remedy: `name one or more of these, separated by commas, or "all": ${reductions.join(' ')}`,
  });
}
