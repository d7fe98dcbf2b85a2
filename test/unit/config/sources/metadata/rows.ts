import type { Test } from 'tap';
import { configSchema } from '../../../../../agent/config/schema.ts';
import { learntFrom, type Learnt } from '../../../../../agent/config/sources/metadata/learnt.ts';
import type { MetadataSource } from '../../../../../agent/config/sources/metadata/source.ts';
import { publicKeyOf } from '../../../../fixtures/public-keys.ts';

/** Answers as providers give them, with values replaced, and what a decoder must make of them. */

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
export const key = `${publicKeyOf('me')} me@laptop`;
export const other = `${publicKeyOf('other')} other@laptop`;
export const config = { hostName: 'web-01', disks: { devices: ['only'], encryption: 'none' } };
export const configText = JSON.stringify(config);
export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Question -> text, or JSON; null: the server has none. */
export type Given = Record<string, unknown>;
export type Expected = Learnt['value'] & {
  /** Text of the configuration in the user-data. */
  config?: string;
  /** What a note must say; without it there is none. */
  notes?: RegExp;
};
export type Row = [name: string, given: Given, expected: Expected];

/** What a captive portal, a broken server or an attacker may answer to any question. */
const bad: readonly [name: string, answer: Buffer][] = [
  ['HTML', Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>')],
  ['an error as XML', Buffer.from('<?xml version="1.0"?><Error><Code>InternalError</Code></Error>')],
  ['cut', Buffer.from('{"hostname": "web-0')],
  ['a number', Buffer.from('42')],
  ['null', Buffer.from('null')],
  ['a text', Buffer.from('"web-01"')],
  ['an empty object', Buffer.from('{}')],
  ['a list', Buffer.from('[[], {}, null, 1]')],
  ['white space', Buffer.from(' \n\t ')],
  ['not UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0x00, 0x41])],
  ['NUL', Buffer.from('web\0-01')],
  ['an escape sequence', Buffer.from('\x1b]0;owned\x07web\x1b[2J')],
  ['lines', Buffer.from('web-01\nweb-02\r\nrm -rf /')],
  ['too long', Buffer.alloc(300 * 1024, 'a')],
  ['JSON that nests', Buffer.from('['.repeat(20_000))],
  ['objects that nest', Buffer.from('{"a":'.repeat(20_000))],
  ['keys of an object of its own', Buffer.from('{"__proto__": {"hostname": "x"}, "constructor": 1}')],
];

const wrongTypes: readonly unknown[] = [0, -1, true, null, '', [], {}, [null], [[]], '\u001b[2J', 'a'.repeat(70_000), { a: { b: 1 } }]; // prettier-ignore

/** The rows, and for every question every bad answer: nothing throws, and nothing invalid comes out. */
export async function decodes(t: Test, source: MetadataSource, whole: Given, rows: readonly Row[]) {
  for (const [name, given, { config: expectedConfig, notes, ...value }] of rows) {
    const learnt = learntFrom(source.name, 'metadata', source.decode(answers(source, given), now));
    t.strictSame(learnt.value, value, `${source.name}: ${name}`);
    t.equal(learnt.config?.bytes.toString(), expectedConfig, `${source.name}: ${name}: configuration`);
    if (notes === undefined) t.strictSame(learnt.notes, [], `${source.name}: ${name}: notes`);
    else t.match(learnt.notes.join('\n'), notes, `${source.name}: ${name}: notes`);
  }
  for (const question of Object.keys(source.questions)) {
    for (const [name, answer] of bad) isHarmless(t, source, { ...whole, [question]: answer }, `${question}: ${name}`);
    const value = whole[question];
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) continue;
    for (const changed of mutations(value)) isHarmless(t, source, { ...whole, [question]: changed }, `${question}: wrong type`);
  }
} // prettier-ignore

function isHarmless(t: Test, source: MetadataSource, given: Given, name: string): void {
  const { value, notes } = learntFrom(source.name, 'metadata', source.decode(answers(source, given), now));
  const { success } = configSchema.safeParse(value);
  if (!success) t.fail(`${source.name}: ${name}: ${JSON.stringify(value).slice(0, 200)}`);
  const said = notes.join('\n');
  if (said.length > 2000 || /[\0\x1b]/.test(said)) t.fail(`${source.name}: ${name}: ${said.slice(0, 200)}`);
}

/** Each value of a document, replaced by values of each wrong type. */
function* mutations(value: object): Generator {
  for (const [key, child] of Object.entries(value)) {
    for (const wrong of wrongTypes) yield replaced(value, key, wrong);
    if (typeof child === 'object' && child !== null)
      for (const changed of mutations(child as object)) yield replaced(value, key, changed);
  }
}

function replaced(value: object, key: string, child: unknown): unknown {
  if (Array.isArray(value)) return value.with(Number(key), child) as unknown[];
  return { ...value, [key]: child };
}

function answers({ questions }: MetadataSource, given: Given): Record<string, Buffer | null> {
  for (const name of Object.keys(given))
    if (!(name in questions)) throw new Error(`there is no question ${name}`);
  return Object.fromEntries(Object.keys(questions).map(name => [name, bytesOf(given[name])]));
}

function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
