import { cleanLine } from '../clean-text.ts';

/** One line of characters that every console's font has; others become "?". */
export function asciiLine(text: string): string {
  return cleanLine(text)
    .replaceAll('…', '...')
    .replaceAll(/[‘’]/g, "'")
    .replaceAll(/[“”]/g, '"')
    .replaceAll(/[–—]/g, '-')
    .replaceAll(/[^ -~]/gu, '?');
}

/**
 * Breaks a line between words, or inside of a word that is longer than a line.
 * @param indent of all lines but the first
 */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  let isEmpty = true;
  const begin = () => {
    lines.push(line);
    line = indent;
    isEmpty = true;
  };
  const [leading = ''] = /^ */.exec(text) ?? [];
  line = leading;
  for (let word of text.slice(leading.length).split(/ +/)) {
    if (!isEmpty && line.length + 1 + word.length > width) begin();
    while (isEmpty && line.length + word.length > width) {
      const room = Math.max(1, width - line.length);
      line += word.slice(0, room);
      word = word.slice(room);
      begin();
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  if (!isEmpty && line.trim() !== '') lines.push(line);
  return lines;
}
