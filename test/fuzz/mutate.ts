import type { Random } from '../support/random.ts';

/** Changes that keep most of a structure, so that what comes behind the first parser is reached. */

/** Texts that people, programs and attackers write where something else was expected. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  '\0',
  '\n',
  'a\nnameserver 192.0.2.66',
  '\u001b[2J\u001b[31mroot',
  '\u202e',
  '\ufeff',
  '%s%n',
  '$(reboot)',
  '"; reboot; "',
  '${builtins.readFile "/etc/shadow"}',
  "''${x}",
  '../../etc/shadow',
  '/dev/sda',
  '-rf',
  '--help',
  '__proto__',
  'constructor',
  'é'.repeat(40),
  '\ud800',
  'fe80::1%2',
  '0.0.0.0/0',
  'x'.repeat(300),
  '9'.repeat(30),
];

const oddNumbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e300,
  65535,
  65536,
  4096,
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Another value of the same place, the whole tree unchanged otherwise; the original stays as it is. */
export function mutateJson(random: Random, value: unknown, changes = 1): unknown {
  let result = structuredClone(value) as Json;
  for (let change = 0; change < changes; change++) result = mutateOnce(random, result);
  return result;
}

function mutateOnce(random: Random, root: Json): Json {
  const places = placesOf(root);
  if (places.length === 0) return oddValue(random, root);
  const { parent, key } = random.pick(places);
  const record = parent as Record<string | number, Json>;
  switch (random.integer(0, 5)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else Reflect.deleteProperty(record, key);
      break;
    case 1:
      if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(record[key]!));
      else define(record, random.pick(oddTexts), structuredClone(record[key]!));
      break;
    case 2: {
      const other = random.pick(places);
      const foreign = (other.parent as Record<string | number, Json>)[other.key];
      if (foreign !== undefined) record[key] = structuredClone(foreign);
      break;
    }
    default:
      record[key] = oddValue(random, record[key]!);
  }
  return root;
}

interface Place {
  parent: Json;
  key: string | number;
}

function placesOf(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ parent: value, key });
    placesOf((value as Record<string | number, Json>)[key]!, found);
  }
  return found;
}

/** Mostly of the same type: another type is found by the schema at once. */
function oddValue(random: Random, value: Json): Json {
  if (random.chance(0.15)) return random.pick<Json>([null, true, false, [], {}, [[]], 'text', 7]);
  if (typeof value === 'number') {
    return random.chance(0.5) ? random.pick(oddNumbers) : random.integer(0, 2 ** random.integer(1, 40));
  }
  if (typeof value === 'string') return mutateText(random, value);
  if (typeof value === 'boolean') return !value;
  return value;
}

/** A key that an object literal or an assignment would not make an own property ("__proto__"). */
function define(record: object, key: string, value: Json): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

export function mutateText(random: Random, text: string): string {
  const at = random.integer(0, text.length);
  const to = random.integer(at, Math.min(text.length, at + 8));
  switch (random.integer(0, 5)) {
    case 0:
      return random.pick(oddTexts);
    case 1:
      return text.slice(0, at) + random.pick(oddTexts) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(to);
    case 3:
      return text.slice(0, to) + text.slice(at, to) + text.slice(to);
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.integer(0, 255)) + text.slice(at + 1);
    default:
      return text.slice(0, at) + random.word(1, 3) + text.slice(to);
  }
}

/** Lines left out, repeated, swapped, cut or changed. */
export function mutateLines(random: Random, text: string, changes = 1): string {
  let lines = text.split('\n');
  for (let change = 0; change < changes; change++) {
    const at = random.integer(0, lines.length - 1);
    switch (random.integer(0, 5)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, lines[random.integer(0, lines.length - 1)]!);
        break;
      case 2:
        lines = [...lines.slice(at), ...lines.slice(0, at)];
        break;
      default:
        lines[at] = mutateText(random, lines[at]!);
    }
    if (lines.length === 0) lines = [''];
  }
  return lines.join('\n');
}

/** Bits turned, bytes cut out, repeated, or put in. */
export function mutateBytes(random: Random, bytes: Buffer, changes = 1): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let change = 0; change < changes; change++) {
    const at = random.integer(0, result.length);
    const to = random.integer(at, Math.min(result.length, at + 16));
    switch (random.integer(0, 4)) {
      case 0:
        if (at < result.length) result[at]! ^= 1 << random.integer(0, 7);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(to)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, to), result.subarray(at)]);
        break;
      case 3:
        result = Buffer.concat([
          result.subarray(0, at),
          random.bytes(random.integer(1, 4)),
          result.subarray(at),
        ]);
        break;
      default:
        result = result.subarray(0, at);
    }
  }
  return result;
}
