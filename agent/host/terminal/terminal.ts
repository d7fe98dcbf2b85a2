import { emitKeypressEvents } from 'node:readline';
import { isConsole } from './console.ts';
import { edit, type Editing, type Key } from './line-editor.ts';

/** The only door to the terminal of the person who runs dabei. */

export interface Terminal {
  columns: () => number;
  /** Never throws: the other end may be gone. */
  write: (text: string) => void;
  /**
   * Reads a line, with the arrow keys as in line-editor.ts.
   * @returns null for Ctrl-C, Ctrl-D on an empty line, and a terminal that is gone
   */
  ask: (editing: Omit<Editing, 'columns'>) => Promise<string | null>;
  /** The log is written to this terminal, too, since it is a console of the kernel. */
  isConsole: boolean;
  /**
   * From now on, neither Ctrl-C nor a lost connection ends this program.
   * @param tell called for Ctrl-C outside of a question
   */
  persist: (tell: () => void) => void;
  /** Gives the terminal back as it was. */
  close: () => void;
}

/**
 * Takes the terminal over: keys arrive one by one and nothing is echoed, until `close`.
 * @returns null if standard input or output is not a terminal
 */
export function openTerminal(): Terminal | null {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return null;
  /** Keys that were typed before a question. */
  const early: Key[] = [];
  let take: ((key: Key) => void) | null = null;
  let tell: (() => void) | null = null;
  let isGone = false;
  let last: Key = {};

  const press = (_: unknown, key: Key) => {
    // A line that ends with CR LF, as pasted text may, is one line.
    const isSecondHalf = key.sequence === '\n' && last.sequence === '\r';
    last = key;
    if (isSecondHalf) return;
    if (take !== null) take(key);
    else if (key.ctrl && key.name === 'c' && tell !== null) tell();
    else early.push(key);
  };
  const leave = () => {
    isGone = true;
    take?.({ name: 'c', ctrl: true });
  };
  // A terminal that is gone ends with EIO.
  const ignore = () => {};
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on('keypress', press).on('end', leave).on('error', leave).resume();
  stdout.on('error', ignore);

  const columns = () => stdout.columns || 80;
  const write = (text: string) => {
    if (!isGone) stdout.write(text);
  };
  const ask: Terminal['ask'] = editing =>
    new Promise(resolve => {
      let text = '';
      const end = (line: string | null) => {
        take = null;
        resolve(line);
      };
      take = key => {
        const { text: after, output, end: how } = edit({ ...editing, columns: columns() }, text, key);
        text = after;
        write(output);
        if (how !== undefined) end(how === 'entered' ? text : null);
      };
      if (isGone) return end(null);
      while (take !== null && early.length > 0) take(early.shift()!);
    });
  return {
    columns,
    write,
    ask,
    isConsole: isConsole(0, 1),
    persist: then => {
      tell = then;
      early.length = 0;
      process.on('SIGHUP', ignore);
    },
    close: () => {
      stdin.off('keypress', press).off('end', leave).off('error', leave);
      if (!isGone) stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
