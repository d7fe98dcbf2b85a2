import { authorizedKeyProblem, readAuthorizedKeys, saysSomething } from './authorized-keys.ts';

/** Reads the old system's authorized_keys files, which `run` captured unchanged. Pure. */

export interface CapturedKeys {
  /** Lines that some sshd accepts, without duplicates. */
  lines: string[];
  /** Sentences about omitted lines, and about lines that permit no login here. */
  notes: string[];
}

/**
 * @param text concatenated files, each after a line "#from PATH"
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
    // Cloud images copy a user's key to root's file only to refuse the login with a message. It would hide that nobody
    // else can log in.
    else if (options?.command?.includes('Please login as the user'))
      notes.push(`${place} is left out: it only says to log in as another user`);
    else {
      lines.add(line);
      if (use === 'unusable') notes.push(`${place} permits no login here: it ${reason}`);
    }
  }
  return { lines: [...lines], notes };
}

/**
 * Control characters except line feeds, and except tabs and carriage returns, which sshd treats as blanks; a comment may
 * contain escape sequences.
 */
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
