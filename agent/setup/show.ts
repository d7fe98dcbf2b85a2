import { cleanText } from '../clean-text.ts';
import type { Prompt, Remark } from './question.ts';

/** Questions and remarks as text: no escape sequences, so a serial line and TERM=dumb show the same as a screen. Pure. */

/**
 * The question, its table and no line break after the label: the cursor stands there.
 * @param columns width of the terminal
 */
export function showPrompt({ text, rows = [], label, preset }: Prompt, columns: number): string {
  const width = Math.max(...rows.map(({ name }) => name.length), 0);
  let number = 0;
  const table = rows.flatMap(({ name, about, unfit }) => {
    const mark = unfit === undefined ? String(++number).padStart(3) : '  -';
    const head = `${mark}  ${name.padEnd(width)}  `;
    const lines = unfit === undefined ? about : [...about, `cannot be used: ${unfit}`];
    const indent = ' '.repeat(head.length);
    return lines
      .flatMap(line => wrap(line, Math.max(columns - head.length - 1, 30)))
      .map((line, index) => `${index === 0 ? head : indent}${line}`.trimEnd());
  });
  const lines = ['', ...wrap(text, columns - 1), ...table];
  return `${lines.join('\n')}\n${label}${preset ? ` [${preset}]` : ''}: `;
}

const marks = { ok: 'ok', note: 'note', problem: 'problem' } as const;

export function showRemark({ kind, text }: Remark, columns: number): string {
  return wrap(`${marks[kind]}: ${text}`, columns - 3)
    .map(line => `  ${line}\n`)
    .join('');
}

/** Breaks at blanks; a longer word stays whole. What came from outside has no control characters afterwards. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of cleanText(text).split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
