import { consolePaths, readLink } from '../files.ts';

/**
 * Whether one of these file descriptors of this process is a console of the kernel, on which the log appears anyway. /dev/tty0 is the
 * virtual console in the foreground (console(4)).
 */
export function isConsole(...descriptors: readonly number[]): boolean {
  const consoles = consolePaths();
  return descriptors.some(descriptor => {
    const path = readLink(`/proc/self/fd/${descriptor}`) ?? '';
    const isVirtual = consoles.includes('/dev/tty0') && /^\/dev\/tty\d+$/.test(path);
    return path === '/dev/console' || consoles.includes(path) || isVirtual;
  });
}
