import { BuildError } from '../lib/errors.ts';
import { tell } from '../lib/progress.ts';
import { isReduction, reductions, type Reduction } from './reductions.ts';

/**
 * What only makes the image smaller has a second way: Debian's own file in its place. An image that was built so works and
 * says so (image.json), and is another one for the cache: once everything is there again, the small one is built.
 */

export interface Fallback {
  part: Reduction;
  /** In one line; the same for the same fault, since it becomes part of the image's description. */
  reason: string;
}

/** Something of ours that makes the image smaller cannot do that with what it was given. */
export class CannotReduce extends BuildError {
  constructor(doing: string, problem: string, cause?: unknown) {
    super('REDUCTION', { doing, problem, cause });
  }
}

export interface FallbackOptions {
  /** Taken without trying: how tests get there. */
  fallBack?: readonly Reduction[];
  /** Nothing falls back; what would is an error. */
  strict?: boolean;
}

/** Of one build. */
export class Fallbacks {
  readonly #options: FallbackOptions;
  readonly #taken: Fallback[] = [];
  readonly #tell: (line: string) => void;

  /**
   * @param say where warnings go
   * @throws BuildError USAGE where both are asked for, to fall back and not to
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

  /** Whether Debian's own file is to be taken without trying. */
  isAsked(part: Reduction): boolean {
    return this.#options.fallBack?.includes(part) ?? false;
  }

  has(part: Reduction): boolean {
    return this.#taken.some(taken => taken.part === part);
  }

  /**
   * @returns what `build` gives; null where Debian's own file has to do
   * @throws what is no reason to fall back, and any reason where nothing may
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
 * @param text parts with commas between them, or "all"
 * @throws BuildError USAGE naming those that do not exist, and those that do
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
