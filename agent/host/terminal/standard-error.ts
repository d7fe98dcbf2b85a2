import { isConsole } from './console.ts';

/** The only door to standard error of commands that go on when nobody listens any more. */
export interface StandardError {
  /** Never throws: a connection may be gone. */
  write: (text: string) => void;
  /** The log is written there, too, since it is a console of the kernel. */
  isConsole: boolean;
}

/** From here on, a connection that ends does not end this command: the kernel sends SIGHUP, and then refuses to write (tty_ioctl(4)). */
export function openStandardError(): StandardError {
  process.on('SIGHUP', () => {});
  process.stderr.on('error', () => {});
  return { write: text => void process.stderr.write(text), isConsole: isConsole(2) };
}
