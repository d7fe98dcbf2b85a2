/**
 * Messages of D-Bus as bytes (D-Bus Specification 0.43, "Message Protocol" and "Type System"). Only what a client needs that calls methods
 * with texts as arguments; little-endian, as everything on this machine is. Pure.
 */

export interface Call {
  destination: string;
  path: string;
  interface: string;
  member: string;
  args?: readonly string[];
}

/** A value of a message: dictionaries are Maps, variants their content, structures and arrays lists. */
export type Value = string | number | bigint | boolean | readonly Value[] | ReadonlyMap<Value, Value>;

export type Answer =
  | { serial: number; values: readonly Value[] }
  /** `error`: its name; `text`: what the other end says about it, or nothing. */
  | { serial: number; error: string; text: string };

/** Longest message that is read; iwd's list of objects has a few hundred bytes for each network in reach. */
const longestMessage = 4 * 2 ** 20;

const types = { call: 1, answer: 2, error: 3 } as const;
const fields = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
} as const;

/** @param serial not 0 */
export function encodeCall(
  { destination, path, interface: name, member, args = [] }: Call,
  serial: number,
): Buffer {
  const body = new Writer();
  for (const arg of args) body.text(arg);
  const header = new Writer();
  const field = (code: number, type: 'o' | 's' | 'g', value: string) => {
    header.align(8).byte(code).signature(type);
    if (type === 'g') header.signature(value);
    else header.text(value);
  };
  field(fields.path, 'o', path);
  field(fields.interface, 's', name);
  field(fields.member, 's', member);
  field(fields.destination, 's', destination);
  if (args.length > 0) field(fields.signature, 'g', 's'.repeat(args.length));
  const listed = header.bytes();
  const start = Buffer.alloc(16);
  start.write('l', 'latin1');
  start.set([types.call, 0, 1], 1);
  start.writeUInt32LE(body.bytes().length, 4);
  start.writeUInt32LE(serial, 8);
  start.writeUInt32LE(listed.length, 12);
  return Buffer.concat([start, listed, Buffer.alloc(-listed.length & 7), body.bytes()]);
}

/**
 * Takes the first message from what has arrived.
 * @returns null until it is complete; `answer` is null for a message that is not an answer, such as a signal
 * @throws RangeError for bytes that are not a message
 */
export function takeMessage(bytes: Buffer): { answer: Answer | null; rest: Buffer } | null {
  if (bytes.length < 16) return null;
  if (bytes[0] !== 0x6c) throw new RangeError('a message is not little-endian');
  const [bodyLength, fieldsLength] = [bytes.readUInt32LE(4), bytes.readUInt32LE(12)];
  const bodyStart = 16 + fieldsLength + (-fieldsLength & 7);
  if (bodyStart + bodyLength > longestMessage) throw new RangeError('a message is too long');
  if (bytes.length < bodyStart + bodyLength) return null;
  const type = bytes[1];
  // An array of structures begins with its length, at offset 12.
  const [listed] = new Reader(bytes.subarray(0, bodyStart), 12).values('a(yv)');
  const field = new Map((listed as [number, Value][]).map(([code, value]) => [code, value]));
  const rest = bytes.subarray(bodyStart + bodyLength);
  if (type !== types.answer && type !== types.error) return { answer: null, rest };
  const body = new Reader(bytes.subarray(bodyStart, bodyStart + bodyLength), 0);
  const values = body.values(textOf(field.get(fields.signature)));
  const serial = Number(field.get(fields.replySerial));
  if (type === types.answer) return { answer: { serial, values }, rest };
  const error = textOf(field.get(fields.errorName));
  return { answer: { serial, error, text: textOf(values[0]) }, rest };
}

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : '');

class Writer {
  readonly #bytes: number[] = [];

  align(to: number): this {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
    return this;
  }

  byte(value: number): this {
    this.#bytes.push(value);
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    this.align(4).#bytes.push(...length, ...bytes, 0);
    return this;
  }

  signature(value: string): this {
    this.#bytes.push(value.length, ...Buffer.from(value), 0);
    return this;
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** Containers in containers; the specification allows 64. */
const deepest = 64;

class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  values(signature: string): Value[] {
    return typesIn(signature).map(type => this.#value(type, 0));
  }

  #number(bytes: number): number {
    const at = this.#align(bytes);
    this.#at += bytes;
    return this.#bytes.readUIntLE(at, bytes);
  }

  #big(): bigint {
    const at = this.#align(8);
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(at);
  }

  #align(to: number): number {
    this.#at += -this.#at & (to - 1);
    return this.#at;
  }

  #text(length: number): string {
    const from = this.#at;
    this.#at += length + 1;
    if (this.#at > this.#bytes.length) throw new RangeError('a text ends after the message');
    return this.#bytes.toString('utf8', from, from + length);
  }

  #value(type: string, depth: number): Value {
    if (depth > deepest) throw new RangeError('a message has too many levels');
    switch (type[0]) {
      case 'y':
        return this.#number(1);
      case 'b':
        return this.#number(4) !== 0;
      case 'n':
        return (this.#number(2) << 16) >> 16;
      case 'q':
        return this.#number(2);
      case 'i':
        return this.#number(4) | 0;
      case 'u':
      case 'h':
        return this.#number(4);
      case 'x':
        return BigInt.asIntN(64, this.#big());
      case 't':
        return this.#big();
      case 'd': {
        const at = this.#align(8);
        this.#at += 8;
        return this.#bytes.readDoubleLE(at);
      }
      case 's':
      case 'o':
        return this.#text(this.#number(4));
      case 'g':
        return this.#text(this.#number(1));
      case 'v': {
        const [inner, ...more] = typesIn(this.#text(this.#number(1)));
        if (inner === undefined || more.length > 0) throw new RangeError('a variant has not one type');
        return this.#value(inner, depth + 1);
      }
      case '(':
        this.#align(8);
        return typesIn(type.slice(1, -1)).map(each => this.#value(each, depth + 1));
      case 'a':
        return this.#array(type.slice(1), depth);
      default:
        throw new RangeError(`a message has the unknown type ${JSON.stringify(type)}`);
    }
  }

  #array(element: string, depth: number): Value {
    const length = this.#number(4);
    // The padding before the first element does not count.
    this.#align(alignmentOf(element));
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a list ends after the message');
    const pairs: [Value, Value][] = [];
    const items: Value[] = [];
    while (this.#at < end) {
      const from = this.#at;
      if (element.startsWith('{')) {
        this.#align(8);
        const [key = '', value = ''] = typesIn(element.slice(1, -1));
        pairs.push([this.#value(key, depth + 1), this.#value(value, depth + 1)]);
      } else items.push(this.#value(element, depth + 1));
      if (this.#at > end) throw new RangeError('an element ends after its list');
      if (this.#at === from) throw new RangeError('an element takes no byte, so its list has no end');
    }
    return element.startsWith('{') ? new Map(pairs) : items;
  }
}

function alignmentOf(type: string): number {
  if ('({xtd'.includes(type[0]!)) return 8;
  if ('ygv'.includes(type[0]!)) return 1;
  return 'nq'.includes(type[0]!) ? 2 : 4;
}

/** "sa{sv}(ii)" -> ["s", "a{sv}", "(ii)"] */
function typesIn(signature: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < signature.length;) {
    const from = at;
    while (signature[at] === 'a') at++;
    let open = 0;
    do {
      if ('({'.includes(signature[at] ?? ' ')) open++;
      if (')}'.includes(signature[at] ?? ' ')) open--;
      at++;
    } while (open > 0 && at < signature.length);
    if (open !== 0 || at > signature.length) throw new RangeError('a signature ends too early');
    found.push(signature.slice(from, at));
  }
  return found;
}
