import { createHash } from 'node:crypto';
import * as clock from '../../agent/host/clock.ts';
import { DabeiError } from '../../agent/errors.ts';
import { Random } from '../support/random.ts';

/** What came of an input: past the first parser, refused by it, or a fault. */
export type Outcome = 'parsed' | 'refused' | { problem: string };

interface AnyTarget {
  name: string;
  /** @returns text or bytes, as they come from outside */
  generate: (random: Random) => string | Buffer;
  /** Inputs that a whole run takes at most, where each starts another program. */
  most?: number;
  /** Ends what decoding started. */
  stop?: () => Promise<void>;
}

/** One decoder of what comes from outside, and inputs for it that look like the real thing, nearly. */
export interface SingleTarget extends AnyTarget {
  /**
   * Decodes it as the program does, and throws where something does not hold. A DabeiError is a refusal, which is right;
   * any other error is a fault.
   * @returns "refused" where the decoder says so without an error
   */
  decode: (input: string | Buffer) => 'refused' | void | Promise<'refused' | void>;
}

/** A decoder that is compared with another program, which reads many inputs at once. */
export interface BatchTarget extends AnyTarget {
  batch: number;
  /** @returns an outcome for each input */
  decodeAll: (inputs: readonly (string | Buffer)[]) => Promise<Outcome[]>;
}

export type Target = SingleTarget | BatchTarget;

export interface Fuzzed {
  target: string;
  inputs: number;
  parsed: number;
  seconds: number;
  slowestMilliseconds: number;
  faults: Fault[];
}

export interface Fault {
  problem: string;
  /** Gives the same input again: `generate(new Random(seed))`. */
  seed: number;
}

/**
 * Processor time that no input of this size may take, whatever it is: a decoder's time must not grow faster than its input.
 */
const longestMilliseconds = 2000;
const mostFaults = 5;

/** Share of the inputs that must get past the first parser: else the inputs are at fault. */
const leastParsed = 0.5;

/** Decodes so many distinct inputs. An input that came before is drawn anew. */
export async function fuzz(target: Target, wanted: number, seed: number): Promise<Fuzzed> {
  const inputs = Math.min(wanted, target.most ?? wanted);
  const started = clock.uptimeSeconds();
  const result: Fuzzed = {
    target: target.name,
    inputs: 0,
    parsed: 0,
    seconds: 0,
    slowestMilliseconds: 0,
    faults: [],
  };
  const draw = distinctInputs(target, seed);
  while (result.inputs < inputs && result.faults.length < mostFaults) {
    const size = 'batch' in target ? Math.min(target.batch, inputs - result.inputs) : 1;
    const drawn = Array.from({ length: size }, draw).filter(each => each !== null);
    if (drawn.length === 0) break;
    const before = process.cpuUsage();
    const outcomes = await decodeAll(
      target,
      drawn.map(({ input }) => input),
    );
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1000;
    // Of a batch, what is measured is mostly waiting for the other program.
    if (!('batch' in target)) result.slowestMilliseconds = Math.max(result.slowestMilliseconds, milliseconds);
    for (const [index, { seed }] of drawn.entries()) {
      const outcome = outcomes[index]!;
      result.inputs++;
      if (outcome === 'parsed') result.parsed++;
      else if (outcome !== 'refused') result.faults.push({ problem: outcome.problem, seed });
    }
    if (result.slowestMilliseconds > longestMilliseconds && milliseconds > longestMilliseconds)
      result.faults.push({ problem: `took ${Math.round(milliseconds)} ms`, seed: drawn[0]!.seed });
  }
  await target.stop?.();
  if (result.faults.length === 0 && result.inputs < inputs)
    result.faults.push({ problem: `only ${result.inputs} distinct inputs`, seed });
  if (result.parsed < leastParsed * result.inputs) {
    const share = Math.round((100 * result.parsed) / result.inputs);
    result.faults.push({ problem: `only ${share} % of the inputs got past the first parser`, seed });
  }
  return { ...result, seconds: clock.uptimeSeconds() - started };
}

interface Drawn {
  input: string | Buffer;
  seed: number;
}

/** @returns the next input that has not come before; null after many in a row that have */
function distinctInputs({ generate }: Target, seed: number): () => Drawn | null {
  const seen = new Set<string>();
  let number = 0;
  return () => {
    for (let attempt = 0; attempt < 10_000; attempt++) {
      const inputSeed = (Math.imul(seed, 0x9e3779b1) + Math.imul(number++, 0x85ebca6b)) >>> 0;
      const input = generate(new Random(inputSeed));
      const digest = createHash('md5').update(input).digest('base64');
      if (seen.has(digest)) continue;
      seen.add(digest);
      return { input, seed: inputSeed };
    }
    return null;
  };
}

async function decodeAll(target: Target, inputs: readonly (string | Buffer)[]): Promise<Outcome[]> {
  if ('batch' in target) return target.decodeAll(inputs);
  try {
    return [(await target.decode(inputs[0]!)) ?? 'parsed'];
  } catch (error) {
    if (error instanceof DabeiError) return ['refused'];
    return [{ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }];
  }
}

/** Texts of bytes and of strings alike. */
export function textOf(input: string | Buffer): string {
  return typeof input === 'string' ? input : input.toString('utf8');
}

export function bytesOf(input: string | Buffer): Buffer {
  return typeof input === 'string' ? Buffer.from(input) : input;
}
