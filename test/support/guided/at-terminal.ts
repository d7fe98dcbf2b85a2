import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';

/** A program at a real terminal of its own (script(1) makes the pseudoterminal), to which keys go and which says what it shows. */
export interface AtTerminal {
  /** Everything that was shown so far. */
  text: () => string;
  /** Keys, as a keyboard sends them. */
  type: (keys: string) => void;
  /**
   * Waits until something is shown, after what an earlier call has found.
   * @throws Error after the time, or if the program ends without
   */
  waitFor: (what: RegExp, seconds?: number) => Promise<void>;
  /** The other end of the terminal goes away, as when a connection is lost. */
  hangUp: () => void;
  exitCode: Promise<number | null>;
}

/** @param argv words without blanks and quotes */
export function atTerminal(argv: readonly string[], env: Readonly<Record<string, string>>): AtTerminal {
  const { PATH = '', NODE_V8_COVERAGE } = process.env;
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', argv.join(' '), '/dev/null'], {
    env: { PATH, ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const decoder = new StringDecoder('utf8');
  let text = '';
  let seen = 0;
  let hasEnded = false;
  child.stdout.on('data', (chunk: Buffer) => (text += decoder.write(chunk)));
  const exitCode = once(child, 'close').then(([code]) => {
    hasEnded = true;
    return code as number | null;
  });
  const waitFor = async (what: RegExp, seconds = 60) => {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = what.exec(text.slice(seen));
      if (found !== null) {
        seen += found.index + found[0].length;
        return;
      }
      if (hasEnded || Date.now() > end)
        throw new Error(`${String(what)} was not shown; after ${JSON.stringify(text.slice(seen))}`);
      await new Promise(resolve => setTimeout(resolve, 30));
    }
  };
  return {
    text: () => text,
    type: keys => child.stdin.write(keys),
    waitFor,
    hangUp: () => child.kill('SIGKILL'),
    exitCode,
  };
} // prettier-ignore
