import type { CapturedFiles } from '../../capture/types.ts';
import type { Doors } from '../doors.ts';

/**
 * Reads all files below a directory, by their relative path, such as "leases/networkd/2"; empty if the directory does not exist. It
 * decodes each file as UTF-8, so the value of a binary file is meaningless.
 * @param depth levels of directories to read
 */
export function readCapture(doors: Doors, directory: string, depth = 3): CapturedFiles {
  const found: Record<string, string> = {};
  for (const name of doors.files.list(directory)) {
    const path = `${directory}/${name}`;
    const inside = depth > 1 ? readCapture(doors, path, depth - 1) : {};
    for (const [below, text] of Object.entries(inside)) found[`${name}/${below}`] = text;
    if (Object.keys(inside).length > 0) continue;
    const text = readFile(doors, path);
    if (text !== null) found[name] = text;
  }
  return found;
}

/** null for an empty directory, and for a file that cannot be read. */
function readFile({ files }: Doors, path: string): string | null {
  try {
    return files.readText(path);
  } catch {
    return null;
  }
}
