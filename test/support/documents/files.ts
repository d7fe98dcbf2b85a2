import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);

/** A document of this project: its path in the checkout, and its text. */
export interface Document {
  path: string;
  text: string;
}

/** README and the rest at the top, and everything below docs/. */
export const documents: readonly Document[] = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
  'test/nixos/README.md',
]
  .toSorted()
  .map(path => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));

/** Fenced blocks of a document, by language; "" where it has none. */
export function blocks({ text }: Document, language: string): string[] {
  const found = text.matchAll(/^(`{3,})(\w*)\n([^]*?)^\1$/gm);
  return [...found].flatMap(([, , of, body = '']) => (of === language ? [body] : []));
}

/** What a document says outside of its fenced blocks. */
export function prose({ text }: Document): string {
  return text.replaceAll(/^(`{3,})\w*\n[^]*?^\1$/gm, '');
}

/** @returns the absolute path of what a document links to */
export function resolve(from: string, link: string): string {
  return fileURLToPath(new URL(link, new URL(from, root)));
}
