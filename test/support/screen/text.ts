import type { Screen } from '../../../agent/screen/render.ts';

/** The cells as text: rows without blanks at their ends. */
export function asText({ rows, columns, fields }: Screen): string {
  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '));
  for (const { row, column, text } of fields)
    Array.from(text).forEach((character, index) => {
      if (cells[row]?.[column + index] !== undefined) cells[row][column + index] = character;
    });
  return cells.map(row => `${row.join('').trimEnd()}\n`).join('');
}
