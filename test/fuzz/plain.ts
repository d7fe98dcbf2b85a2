import type { Disk } from '../../agent/facts.ts';
import { describeDisk } from '../../agent/plan/disks/describe-disk.ts';

/** What a person reads of a disk is one line without control characters, whatever the disk says of itself. */
export function renderPlainText(disk: Disk): void {
  const text = describeDisk(disk);
  const found = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.exec(text);
  if (found) throw new Error(`a control character reaches a person: ${JSON.stringify(text)}`);
}
