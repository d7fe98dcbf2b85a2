import { consolePaths, readLink } from '../files.ts';

/** The only door to standard error of a command that goes on when nobody listens any more. */

/**
 * @returns what writes to it, and never throws: a connection may be gone. It writes nothing where standard error is a console of the
 * kernel, because the log is written there anyway; /dev/tty0 is the virtual console in the foreground (console(4)).
 */
export function standardError(): (text: string) => void {
  const own = readLink('/proc/self/fd/2') ?? '';
  const consoles = consolePaths();
  const isVirtual = consoles.includes('/dev/tty0') && /^\/dev\/tty\d+$/.test(own);
  if (own === '/dev/console' || consoles.includes(own) || isVirtual) return () => {};
  process.stderr.on('error', () => {});
  return text => {
    process.stderr.write(text);
  };
}
