import type { Doors } from '../doors.ts';

/** What is behind the virtual terminals. */

const consoles = '/sys/class/vtconsole';

/**
 * Whether the kernel found a display (Documentation/ABI/testing/sysfs-class-vtconsole does not exist; drivers/tty/vt/vt.c, show_name: the
 * name of the driver, "(S) dummy device" where there is nothing to show anything).
 */
export function hasDisplay({ files }: Doors): boolean {
  return files
    .list(consoles)
    .some(
      name =>
        files.readText(`${consoles}/${name}/bind`)?.trim() === '1' &&
        !/dummy/.test(files.readText(`${consoles}/${name}/name`) ?? 'dummy'),
    );
}

/** Size of a virtual terminal, from its first two bytes of vcsa(4); null for another terminal. */
export function terminalSize({ files }: Doors, name: string): { rows: number; columns: number } | null {
  const number = /^tty(\d+)$/.exec(name)?.[1];
  if (number === undefined) return null;
  try {
    const [rows = 0, columns = 0] = files.readStart(`/dev/vcsa${number}`, 4) ?? [];
    return rows === 0 || columns === 0 ? null : { rows, columns };
  } catch {
    return null;
  }
}
