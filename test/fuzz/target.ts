import { createHash } from 'node:crypto';
import * as clock from '../../agent/host/clock.ts';
import { DabeiError } from '../../agent/errors.ts';
import { Random } from './random.ts';

/** One decoder of what comes from outside, and inputs for it that look like the real thing, nearly. */
export interface Target {
  name: string;
  /** @returns text or bytes, as they come from outside */
  generate: (random: Random) => string | Buffer;
  /**
   * Decodes it as the program does, and throws where something does not hold. A DabeiError is a refusal, which is right;
   * any other error is a fault.
   * @returns "refused" where the decoder says so without an error
   */
  decode: (input: string | Buffer) => 'refused' | void | Promise<'refused' | void>;
  /** Share of the inputs that must get past the first parser; half unless told otherwise. */
  leastParsed?: number;
}

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

/** Decodes so many distinct inputs. An input that came before is drawn anew, up to ten times in a row. */
export async function fuzz(target: Target, inputs: number, seed: number): Promise<Fuzzed> {
  const seen = new Set<string>();
  const started = clock.uptimeSeconds();
  const result: Fuzzed = {
    target: target.name,
    inputs: 0,
    parsed: 0,
    seconds: 0,
    slowestMilliseconds: 0,
    faults: [],
  };
  let repeated = 0;
  for (let number = 0; result.inputs < inputs && repeated < 10_000; number++) {
    const inputSeed = (Math.imul(seed, 0x9e3779b1) + Math.imul(number, 0x85ebca6b)) >>> 0;
    const input = target.generate(new Random(inputSeed));
    const digest = createHash('md5').update(input).digest('base64');
    if (seen.has(digest)) {
      repeated++;
      continue;
    }
    seen.add(digest);
    result.inputs++;
    const before = process.cpuUsage();
    const outcome = await attempt(target, input);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1000;
    result.slowestMilliseconds = Math.max(result.slowestMilliseconds, milliseconds);
    if (outcome === 'parsed') result.parsed++;
    else if (outcome !== 'refused') result.faults.push({ problem: outcome.problem, seed: inputSeed });
    if (milliseconds > longestMilliseconds)
      result.faults.push({ problem: `took ${Math.round(milliseconds)} ms`, seed: inputSeed });
    if (result.faults.length >= mostFaults) break;
  }
  if (result.faults.length === 0 && result.inputs < inputs)
    result.faults.push({ problem: `only ${result.inputs} distinct inputs`, seed });
  const { leastParsed = 0.5 } = target;
  if (result.parsed < leastParsed * result.inputs) {
    const share = Math.round((100 * result.parsed) / result.inputs);
    result.faults.push({ problem: `only ${share} % of the inputs got past the first parser`, seed });
  }
  return { ...result, seconds: clock.uptimeSeconds() - started };
}

async function attempt(
  target: Target,
  input: string | Buffer,
): Promise<'parsed' | 'refused' | { problem: string }> {
  try {
    return (await target.decode(input)) ?? 'parsed';
  } catch (error) {
    if (error instanceof DabeiError) return 'refused';
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Texts of bytes and of strings alike. */
export function textOf(input: string | Buffer): string {
  return typeof input === 'string' ? input : input.toString('utf8');
}

export function bytesOf(input: string | Buffer): Buffer {
  return typeof input === 'string' ? Buffer.from(input) : input;
}
