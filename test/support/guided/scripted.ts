import type { Terminal } from '../../../agent/host/terminal/terminal.ts';

/** A person who gives one answer after the other, and then presses Ctrl-C. */
export interface Scripted extends Terminal {
  shown: () => string;
  isClosed: () => boolean;
  /** Presses Ctrl-C outside of a question. */
  interrupt: () => void;
}

export function scripted(lines: readonly string[], isConsole = false): Scripted {
  const rest = [...lines];
  let shown = '';
  let isClosed = false;
  let tell = () => {};
  return {
    columns: () => 80,
    write: text => {
      shown += text;
    },
    ask: async ({ isSecret }) => {
      const line = rest.shift();
      shown += line === undefined ? '^C\n' : isSecret ? '\n' : `${line}\n`;
      return line ?? null;
    },
    isConsole,
    persist: then => {
      tell = then;
    },
    close: () => {
      isClosed = true;
    },
    shown: () => shown,
    isClosed: () => isClosed,
    interrupt: () => tell(),
  };
}
