import type { Disk } from '../facts.ts';
import type { Prompt } from './question.ts';

/** The last question: the names of the disks, typed by a person who has read what will be lost. Pure. */

export function confirmation(members: readonly Disk[]): Prompt {
  const names = members.map(({ path }) => path).join(' ');
  const serial = members.length === 1 && members[0]!.serial ? ' or its serial number' : '';
  return {
    text:
      members.length === 1
        ? `Type the name of the disk${serial} to erase it and install: ${names}`
        : `Type the names of the disks, with blanks between them, to erase them and install: ${names}`,
    label: 'erase',
  };
}

/** Whether the line names every disk, and nothing else, by kernel path, its last part, or serial number. */
export function confirms(line: string, members: readonly Disk[]): boolean {
  const names = ({ path, serial }: Disk) => [path, path.replace(/^\/dev\//, ''), serial?.trim()];
  const typed = line.trim();
  const [only, ...others] = members;
  if (only !== undefined && others.length === 0) return typed !== '' && names(only).includes(typed);
  const words = typed.split(/[\s,]+/).filter(Boolean);
  return (
    members.length > 0 &&
    words.length === members.length &&
    members.every(member => words.some(word => names(member).includes(word)))
  );
}
