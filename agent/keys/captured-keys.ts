import { authorizedKeyProblem, readAuthorizedKeys, saysSomething } from './authorized-keys.ts';

/** What `run` found in the old system's authorized_keys files, as it is. Pure. */

export interface CapturedKeys {
  /** Those that some sshd takes, each once. */
  lines: string[];
  /** Sentences about those that are left out, and about those that nobody can log in with here. */
  notes: string[];
}

/**
 * @param text files one after the other, each after a line "#from PATH"
 * @param now seconds since 1970
 */
export function capturedKeys(text: string, now: number): CapturedKeys {
  const places: string[] = [];
  const found: string[] = [];
  let file = 'authorized_keys';
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const marker = /^#from (\S.*)$/.exec(line)?.[1];
    if (marker !== undefined) [file, number] = [marker, 0];
    if (!saysSomething(line)) continue;
    places.push(`line ${number} of ${file}`);
    found.push(line.replace(controls, ''));
  }
  const lines = new Set<string>();
  const notes: string[] = [];
  for (const [index, { line, use, reason, options }] of readAuthorizedKeys(found, now).entries()) {
    const place = `${places[index]} of the old system`;
    const problem = authorizedKeyProblem(line);
    if (problem !== null) notes.push(`${place} is left out: it ${problem}`);
    // The copy of a key that cloud images put into root's file only to say so: it would hide that nobody else gets in.
    else if (options?.command?.includes('Please login as the user'))
      notes.push(`${place} is left out: it only says to log in as another user`);
    else {
      lines.add(line);
      if (use === 'unusable') notes.push(`${place} permits no login here: it ${reason}`);
    }
  }
  return { lines: [...lines], notes };
}

/** All but tabs and carriage returns, which sshd takes for blanks; a comment may have been written in colours. */
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
