import { dirname, basename, join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../image/lib/host.ts';

/** Disks of old systems: one ext4 without a partition table, made and changed without loop devices. */

/** A file that is this machine's own; its directory has to be there. */
export interface OwnFile {
  path: string;
  text: string;
  mode?: number;
}

export async function requireExt4Tools(): Promise<void> {
  await requireHostPackages({ '/usr/sbin/mke2fs': 'e2fsprogs', '/usr/sbin/debugfs': 'e2fsprogs' });
}

/** Makes a disk that holds a directory. mke2fs(8), -d */
export async function makeExt4(root: string, disk: string, megabytes: number): Promise<void> {
  await run({
    doing: `making ${basename(disk)}`,
    argv: ['mke2fs', '-q', '-t', 'ext4', '-d', root, disk, `${megabytes}M`],
    timeoutSeconds: 300,
  });
}

/** Copies a file out of a disk that holds an ext4; of a link, what it leads to. debugfs(8) */
export async function copyOut(disk: string, path: string, to: string): Promise<void> {
  const debugfs = async (request: string) =>
    run({
      doing: `reading ${path} from a disk`,
      argv: ['debugfs', '-R', request, disk],
      timeoutSeconds: 120,
    });
  const { stdout } = await debugfs(`stat ${path}`);
  const target = /^Fast link dest: "([^"]+)"/m.exec(stdout)?.[1] ?? path;
  await debugfs(`dump ${target} ${to}`);
  if (!files.exists(to) || files.sizeOf(to) === 0) throw new Error(`${path} of ${disk} cannot be read`);
}

/** Copies a disk, grows the device (not the file system), and puts this machine's own files on it. debugfs(8) */
export async function personalDisk(
  original: string,
  disk: string,
  megabytes: number,
  own: readonly OwnFile[],
): Promise<void> {
  await run({
    doing: 'copying the disk of the old system',
    argv: ['cp', '--sparse=always', original, disk],
    timeoutSeconds: 120,
  });
  await run({ doing: 'growing it', argv: ['truncate', '--size', `${megabytes}M`, disk], timeoutSeconds: 20 });
  const source = join(dirname(disk), 'file');
  for (const { path, text, mode = 0o644 } of own) {
    files.write(source, text, mode);
    const [directory, name] = [dirname(path), basename(path)];
    await run({
      doing: `writing ${path} to the disk`,
      argv: ['debugfs', '-w', '-f', '-', disk],
      stdin: `cd ${directory}\nrm ${name}\nwrite ${source} ${name}\n`,
      timeoutSeconds: 30,
    });
  }
  files.remove(source);
}
