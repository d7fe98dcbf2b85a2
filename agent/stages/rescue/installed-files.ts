import { posix } from 'node:path';
import type { Doors } from '../../host/doors.ts';

/** Links that lead on, before a path counts as a circle; the kernel has 40 (path_resolution(7)). */
const mostLinks = 40;

/**
 * The text of a file of an installed system, whose absolute links belong below its root: /etc is full of links to /etc/static and the store.
 * @param root where the system is mounted
 * @param path in the system, absolute
 * @returns null if there is no such file
 */
export function readInstalled(doors: Doors, root: string, path: string): Buffer | null {
  const real = resolveBelow(doors, root, path);
  return real === null ? null : doors.files.readBytes(`${root}${real}`);
}

function resolveBelow({ files }: Doors, root: string, path: string): string | null {
  let rest = path.split('/').filter(Boolean);
  let at = '/';
  for (let links = 0; rest.length > 0;) {
    const [name = '', ...others] = rest;
    const next = posix.join(at, name);
    const target = files.readLink(`${root}${next}`);
    rest = others;
    if (target === null) {
      at = next;
      continue;
    }
    if (++links > mostLinks) return null;
    const whole = posix.join(target.startsWith('/') ? target : posix.join(at, target), ...others);
    rest = whole.split('/').filter(Boolean);
    at = '/';
  }
  return at;
}
