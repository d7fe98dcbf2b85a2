import { requireHostPackages, run } from '../../../image/lib/host.ts';

/** Files of the ESP on a raw disk, read and written from outside by mtools(1): what a power cut left, or what is left to do. */

/** A GPT's partition type (UEFI 2.10, table 5.7). */
const espType = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

/** A sector of the disk, in bytes. */
const sectorBytes = 512;

export interface Esp {
  /** @returns null without such a file */
  read(path: string): Promise<string | null>;
  write(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** @param file the raw disk, which no machine uses meanwhile */
export async function openEsp(file: string): Promise<Esp> {
  await requireHostPackages({ '/usr/bin/mcopy': 'mtools', '/usr/sbin/sfdisk': 'fdisk' });
  const { stdout } = await run({
    doing: `reading the partitions of ${file}`,
    argv: ['sfdisk', '--json', file],
    timeoutSeconds: 30,
  });
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { type: string; start: number }[] };
  };
  const start = partitiontable.partitions.find(({ type }) => type === espType)?.start;
  if (start === undefined) throw new Error(`${file} has no ESP`);
  const image = ['-i', `${file}@@${start * sectorBytes}`];
  const call = (program: string, options: readonly string[], more: { stdin?: string; accept?: number[] } = {}) =>
    run({
      doing: `${program} on the ESP of ${file}`,
      argv: [program, ...image, ...options],
      env: { MTOOLS_SKIP_CHECK: '1' },
      timeoutSeconds: 30,
      ...more,
    });
  return {
    read: async path => {
      const { exitCode, stdout: text } = await call('mtype', [`::/${path}`], { accept: [1] });
      return exitCode === 0 ? text : null;
    },
    write: async (path, text) => {
      await call('mcopy', ['-o', '-', `::/${path}`], { stdin: text });
    },
    remove: async path => {
      await call('mdel', [`::/${path}`]);
    },
  };
} // prettier-ignore
