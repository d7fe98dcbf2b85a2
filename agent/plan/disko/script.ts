import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { describeDisk, stablePath } from '../disks/describe-disk.ts';
import { diskoPrograms } from './programs.ts';

/** What a disko script says: which disks it uses, and which programs it starts. Pure. */

/**
 * Names of disks and of their partitions, as kernel and udev give them (60-persistent-storage.rules): what a disko script has of each
 * disk, since `disko.devices.disk.NAME.device` goes into it as it is. Links to volumes (md-, dm-, lvm-) are made by the script.
 */
const diskName =
  /\/dev\/(?:disk\/by-(?:id|path)\/(?!md-|dm-|lvm-)[\w#+.:=@\\-]+|(?:sd|vd|xvd|hd)[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|mmcblk\d+(?:p\d+)?)(?![\w/])/g;

/** The part of a name that stands for a partition: "-part1" of a link, "p1" after a digit, else "1". */
const partition =
  /(?<=\/by-(?:id|path)\/.*)-part\d+$|(?<=\/(?:nvme\d+n\d+|mmcblk\d+))p\d+$|(?<=\/(?:sd|vd|xvd|hd)[a-z]+)\d+$/;

/**
 * The script without lines that are comments alone: disko explains in some what it waits for. What stands behind a command stays, since
 * a "#" may be a part of it.
 */
export const withoutComments = (text: string): string => text.replace(/^[ \t]*#.*$/gm, '');

/** All names of whole disks in a script, each once, in their order. */
export function disksNamedIn(text: string): string[] {
  const names = [...withoutComments(text).matchAll(diskName)].map(([name]) =>
    name.replace(/[.:]+$/, '').replace(partition, ''),
  );
  return [...new Set(names)];
}

const doing = 'comparing disks.devices with the disks that the disko script names';

/**
 * INVARIANT: the script is run only if this returns nothing. Otherwise it would erase a disk that nobody named here, or stop
 * half way because one is missing.
 * @param names whole disks that the layout uses, by any of their names
 * @param members chosen by selectDisks
 * @param disks all that there are
 * @returns DISKO_DISKS for each name that is not a chosen disk, and for each chosen disk without a name
 */
export function diskFaults(
  names: readonly string[],
  members: readonly Disk[],
  disks: readonly Disk[],
): DabeiError[] {
  const called = (disk: Disk, name: string) => disk.path === name || disk.aliases.includes(name);
  const refuse = (problem: string, remedy: string) =>
    new DabeiError('DISKO_DISKS', { doing, problem, remedy });
  const foreign = names
    .filter(name => !members.some(disk => called(disk, name)))
    .map(name => {
      const other = disks.find(disk => called(disk, name));
      return refuse(
        `the layout uses ${JSON.stringify(name)}, which ${other === undefined ? 'is not a disk of this machine' : `is not in disks.devices: ${describeDisk(other)}`}`,
        other === undefined
          ? `set disko.devices.disk.NAME.device to the name of a disk of this machine: ${members.map(stablePath).join(', ')}`
          : 'name it in disks.devices if it may be erased; otherwise set disko.devices.disk.NAME.device to another disk',
      );
    });
  const unused = members
    .filter(disk => !names.some(name => called(disk, name)))
    .map(disk =>
      refuse(
        `disks.devices names ${describeDisk(disk)}, which the layout does not use`,
        `remove it from disks.devices, or set disko.devices.disk.NAME.device to ${stablePath(disk)}`,
      ),
    );
  return [...foreign, ...unused];
}

/**
 * Disks whose content the layout keeps (`disko.devices.disk.NAME.destroy` is false): disko gives its hooks all settings of a disk as
 * variables, in the order of the alphabet. An older disko knows no such disks.
 */
export function disksKeptIn(text: string): string[] {
  const kept = /^[ \t]*destroy=(?:''|"")?\n[ \t]*device=['"]?([^\s'"]+)/gm;
  return [...new Set([...text.matchAll(kept)].map(([, device = '']) => device))];
}

/**
 * INVARIANT: dabei wipes every disk of disks.devices, so no layout may count on what a disk holds.
 * @param kept as disko.devices.disk.NAME.device has them
 */
export function keptFaults(kept: readonly string[]): DabeiError[] {
  return kept.map(
    name =>
      new DabeiError('DISKO_DISKS', {
        doing,
        problem: `the layout keeps what ${JSON.stringify(name)} holds (destroy = false), and dabei wipes every disk of a layout`,
        remedy:
          'leave the disk out of disko.devices, and mount it by fileSystems with the options "noauto" and "x-systemd.automount"; ' +
          'or leave out destroy = false if it may be erased',
      }),
  );
}

/** What wiping needs on disks that are empty: lsblk's JSON, made into a script by jq. It is not in the text, and its failure is ignored there. */
const wiping = ['bash', 'env', 'realpath', 'dirname', 'lsblk', 'jq', 'awk', 'wipefs', 'dd'];

/**
 * Programs that have to be here before the first write: of those that disko starts, the ones that stand in the text as words.
 * A script with its programs (diskoScript) first sets a PATH in the Nix store, and needs nothing of the image.
 */
export function programsNeededBy(text: string): string[] {
  if (/^#![^\n]*\n\s*export PATH=\/nix\/store\//.test(text)) return [];
  const words = new Set(text.split(/[\s;|&()`'"<>{}$=]+/));
  const named = Object.values(diskoPrograms)
    .flat()
    .filter(name => words.has(name));
  return [...new Set([...wiping, ...named])].sort();
}

/** @param missing names of programs @returns null without any */
export function missingPrograms(missing: readonly string[]): DabeiError | null {
  if (missing.length === 0) return null;
  return new DabeiError('DISKO_PROGRAM', {
    doing: 'looking for the programs that the disko script starts',
    problem: `not in this image: ${missing.join(', ')}`,
    remedy:
      'start the image with `run` of the kexec bundle, or load its file "tools" as a second initrd; for other programs, give ' +
      'config.system.build.diskoScript, which brings its own, with system.storePath',
  });
}
