/**
 * Editing one line with nothing but characters, "\b" and "\n": a serial line and TERM=dumb show the same as a screen. The arrow keys
 * go through choices. Pure.
 */

/** A key, as node:readline's emitKeypressEvents names it. */
export interface Key {
  name?: string | undefined;
  sequence?: string | undefined;
  ctrl?: boolean | undefined;
  meta?: boolean | undefined;
}

export interface Editing {
  /** Printed again where the line cannot be erased in place. */
  label: string;
  /** What the arrow keys go through. */
  choices: readonly string[];
  /** The arrow keys change the last word, not the whole line. */
  several: boolean;
  isSecret: boolean;
  columns: number;
}

export type Edited =
  | { text: string; output: string; end?: undefined }
  /** "cancelled": Ctrl-C, or Ctrl-D on an empty line. */
  | { text: string; output: string; end: 'entered' | 'cancelled' };

/** What a key does to the text, and what to print. */
export function edit(editing: Editing, text: string, { name, sequence = '', ctrl, meta }: Key): Edited {
  const become = (after: string): Edited => ({ text: after, output: redraw(editing, text, after) });
  if (name === 'return' || name === 'enter') return { text, output: '\n', end: 'entered' };
  if (ctrl && name === 'c') return { text, output: '^C\n', end: 'cancelled' };
  if (ctrl && name === 'd') return text === '' ? { text, output: '\n', end: 'cancelled' } : become(text);
  if (name === 'backspace') return become(Array.from(text).slice(0, -1).join(''));
  if (ctrl && name === 'u') return become('');
  if (ctrl && name === 'w') return become(text.replace(/\S*\s*$/, ''));
  if (name === 'up' || name === 'down') return become(chosen(editing, text, name === 'down' ? 1 : -1));
  if (ctrl || meta || sequence === '' || /\p{Cc}/u.test(sequence)) return become(text);
  return become(text + sequence);
}

/** The choice after or before the one that the text ends with. */
function chosen({ choices, several }: Editing, text: string, step: 1 | -1): string {
  if (choices.length === 0) return text;
  const [start, word] = several ? [text.replace(/[^\s,]*$/, ''), /[^\s,]*$/.exec(text)![0]] : ['', text];
  const at = choices.indexOf(word);
  const next = at < 0 ? (step > 0 ? 0 : choices.length - 1) : (at + step + choices.length) % choices.length;
  return start + choices[next]!;
}

function redraw({ label, columns, isSecret }: Editing, before: string, after: string): string {
  if (isSecret || before === after) return '';
  const same = commonLength(before, after);
  const erased = Array.from(before).length - same;
  const added = Array.from(after).slice(same).join('');
  // "\b" does not lead to the row above.
  const isOneRow = Math.floor((label.length + Array.from(before).length) / columns) === Math.floor((label.length + same) / columns);
  return erased === 0 || isOneRow ? '\b \b'.repeat(erased) + added : `\n${label}${after}`;
} // prettier-ignore

/** In characters. */
function commonLength(one: string, other: string): number {
  const [a, b] = [Array.from(one), Array.from(other)];
  const end = a.findIndex((character, at) => character !== b[at]);
  return end < 0 ? a.length : end;
}
