import type { Field, Screen, Style } from './render.ts';

/**
 * What a terminal is sent. The status stands in rows that do not scroll (DECSTBM); the log, the kernel's messages and what somebody
 * types scroll below. Sequences: console_codes(4), which xterm and every VT100 have, too. Pure.
 */

const escape = '\x1b';

/** Select graphic rendition. A code is light glyphs on black, with the bright white of those that have one. */
const styles: Readonly<Record<Style, string>> = {
  plain: '0',
  strong: '0;1',
  alarm: '0;1;31',
  code: '0;37;97;40',
};

/**
 * Clears the screen by scrolling, and sets the rows that scroll from now on.
 * @param height of the terminal in rows
 */
export function begin({ rows }: Screen, height: number): string {
  return `${escape}[0m${escape}[r${escape}[${height};1H${'\n'.repeat(height)}${escape}[${rows + 1};${height}r${escape}[${height};1H`;
}

/**
 * The changes from one screen to the next. Each piece is complete: it saves the cursor, writes and restores the cursor, so that others
 * may write in between.
 */
export function changes(before: Screen | null, after: Screen): string[] {
  const old = new Map((before?.fields ?? []).map(field => [place(field), field]));
  const fresh = new Set(after.fields.map(place));
  const gone = [...old.values()].filter(field => !fresh.has(place(field)));
  const changed = after.fields.filter(field => {
    const known = old.get(place(field));
    return known?.text !== field.text || known.style !== field.style;
  });
  return [
    ...gone.map(field => piece({ ...field, text: ' '.repeat(field.text.length), style: 'plain' })),
    ...changed.map(field => {
      const known = old.get(place(field));
      return piece(field, Math.max(0, (known?.text.length ?? 0) - field.text.length));
    }),
  ];
}

const place = ({ row, column }: Field): string => `${row}:${column}`;

/** @param blanks how many cells behind the text to clear */
function piece({ row, column, text, style }: Field, blanks = 0): string {
  const rest = blanks === 0 ? '' : ' '.repeat(blanks);
  return `${escape}7${escape}[${row + 1};${column + 1}H${escape}[${styles[style]}m${text}${escape}[0m${rest}${escape}8`;
}
