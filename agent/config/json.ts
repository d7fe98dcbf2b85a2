import { createScanner, parseTree, type Node, type ParseError } from 'jsonc-parser';
import { limits } from './limits.ts';
import type { Entry, Located } from './located.ts';
import { formatPath, publicPath, type Path, type Place, type Problem } from './report.ts';

/** Levels of nested objects and lists; the schema needs 6. */
const maximumDepth = 32;

export interface ParsedJson {
  /** null if nothing could be parsed. After syntax errors: the top-level keys without an error. */
  value: Located | null;
  problems: Problem[];
}

/** Parses strict JSON (RFC 8259): no comments, no trailing commas, and every key of an object only once. */
export function parseJson(text: string, source: string): ParsedJson {
  const lines = new LineIndex(text);
  const problem = (offset: number, path: Path, message: string, remedy?: string): Problem => ({
    code: 'CONFIG_JSON',
    source,
    path: formatPath(publicPath(path)),
    ...lines.positionOf(offset),
    message,
    ...(remedy === undefined ? {} : { remedy }),
  });
  const start = text.search(/\S/);
  if (start < 0) return { value: null, problems: [problem(0, [], 'it is empty')] };
  if (text[start] === '<') {
    const remedy = 'check what the server sends for this file';
    return { value: null, problems: [problem(start, [], 'it is an HTML or XML page, not JSON', remedy)] };
  }
  const excess = tooMuch(text);
  if (excess !== null) return { value: null, problems: [problem(excess.offset, [], excess.message)] };

  const errors: ParseError[] = [];
  const options = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };
  const root = parseTree(text, errors, options);
  const problems = firstOfEachLine(errors, lines).map(error =>
    problem(error.offset, [], syntaxMessage(error, text)),
  );
  const offsets = errors.map(({ offset }) => offset).toSorted((a, b) => a - b);

  const convert = (node: Node, path: Path): Located => {
    const place: Place = { source, path: formatPath(publicPath(path)), ...lines.positionOf(node.offset) };
    if (node.type === 'array') {
      const items = (node.children ?? []).map((item, index) => convert(item, [...path, index]));
      return { kind: 'array', place, items };
    }
    if (node.type !== 'object')
      return { kind: 'scalar', place, value: node.value as string | number | boolean | null };
    const entries = new Map<string, Entry>();
    for (const { children: [key, value] = [] } of node.children ?? []) {
      if (!key || !value) continue;
      const name = key.value as string;
      const keyPath = [...path, name];
      const keyPlace = { source, path: formatPath(publicPath(keyPath)), ...lines.positionOf(key.offset) };
      const before = entries.get(name);
      if (before)
        problems.push(problem(key.offset, keyPath, `given twice, first in line ${before.key.line}`));
      if (path.length === 0 && isTouched(offsets, key, value)) continue;
      entries.set(name, { key: keyPlace, value: convert(value, keyPath) });
    }
    return { kind: 'object', place, entries };
  };
  return { value: root ? convert(root, []) : null, problems };
}

/** Whether an error is inside a property. An error right after a number counts, because the number may be truncated. */
function isTouched(errors: readonly number[], key: Node, value: Node): boolean {
  const end = value.offset + value.length + (value.type === 'number' ? 1 : 0);
  return (errors[countUpTo(errors, key.offset)] ?? Infinity) < end;
}

/** Counts the numbers of an ascending list that are at most the limit. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** jsonc-parser's SyntaxKind: a const enum, which does not exist at run time. */
const tokens = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, comma: 5, end: 17 };

/** Finds the first bracket or value beyond the limits. Call it before the parser, which is recursive. */
function tooMuch(text: string): { offset: number; message: string } | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  // An opening bracket or a comma precedes each value except the first.
  let values = 1;
  for (let token: number = scanner.scan(); token !== tokens.end; token = scanner.scan()) {
    const opens = token === tokens.openBrace || token === tokens.openBracket;
    if (opens) depth++;
    if (token === tokens.closeBrace || token === tokens.closeBracket) depth--;
    if (opens || token === tokens.comma) values++;
    const offset = scanner.getTokenOffset();
    if (depth > maximumDepth) return { offset, message: `more than ${maximumDepth} levels of nesting` };
    if (values > limits.values) return { offset, message: `more than ${limits.values} values` };
  }
  return null;
}

/** Keeps the first error of each line: a single mistake makes the parser report several. */
function firstOfEachLine(errors: readonly ParseError[], lines: LineIndex): ParseError[] {
  const seen = new Set<number>();
  return errors.filter(error => {
    const { line } = lines.positionOf(error.offset);
    return !seen.has(line) && seen.add(line);
  });
}

class LineIndex {
  readonly #starts = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  positionOf(offset: number): { line: number; column: number } {
    const line = countUpTo(this.#starts, offset);
    return { line, column: offset - this.#starts[line - 1]! + 1 };
  }
}

function syntaxMessage(error: ParseError, text: string): string {
  const closing = /^[}\]]/.test(text.slice(error.offset));
  if (closing && text.slice(0, error.offset).trimEnd().endsWith(',')) return 'trailing comma';
  return syntaxMessages[error.error] ?? 'not JSON';
}

/** Messages for jsonc-parser's ParseErrorCode; they quote nothing from the configuration. */
const syntaxMessages: Readonly<Record<number, string>> = {
  1: 'invalid token (strings need double quotes)',
  2: 'invalid number',
  3: 'expected a key in double quotes',
  4: 'expected a value',
  5: 'expected a colon',
  6: 'expected a comma',
  7: 'expected a closing brace',
  8: 'expected a closing bracket',
  9: 'unexpected text after the value',
  10: 'JSON does not allow comments',
  11: 'unterminated comment',
  12: 'unterminated string',
  13: 'incomplete number',
  14: 'expected four hexadecimal digits after \\u',
  15: 'invalid escape after the backslash',
  16: 'invalid character',
};
