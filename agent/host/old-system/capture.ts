import type { CapturedFiles } from '../../capture/types.ts';
import type { Doors } from '../doors.ts';

/**
 * Files below a directory by their path in it, "leases/networkd/2"; none where there is no such directory. What is no
 * text comes out as nonsense, which nobody looks at.
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

/** An empty directory is no file. */
function readFile({ files }: Doors, path: string): string | null {
  try {
    return files.readText(path);
  } catch {
    return null;
  }
}
