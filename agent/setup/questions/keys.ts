import { cleanLine } from '../../clean-text.ts';
import {
  authorizedKeyProblem,
  authorizedLines,
  describeAuthorizedKey,
  readAuthorizedKey,
  withoutBlanks,
} from '../../keys/authorized-keys.ts';
import {
  chosenRow,
  omit,
  type Answers,
  type Prompt,
  type Question,
  type Reading,
  type Remark,
  type Row,
  type World,
} from '../question.ts';

/** Who may log in: at least one key that opens a shell. */

export const keys: Question = {
  id: 'keys',
  isOpen: ({ hasAllKeys }) => hasAllKeys === undefined,
  prompt: (answers, world) => keysPrompt(answers, world),
  read: (line, answers, world) => {
    // Somebody pastes the key at once, or a second line of a file with keys.
    if (looksLikeKey(line)) return addKeys([line], answers, world);
    const chosen = chosenRow(keysPrompt(answers, world), line);
    if ('problem' in chosen) return chosen;
    switch (chosen.name) {
      case 'done':
        return { answers: { ...answers, hasAllKeys: true } };
      case 'login':
        return addKeys([world.loginKey ?? ''], answers, world);
      case 'present':
        return addKeys(missing(world.presentKeys, answers), answers, world);
      case 'stick':
        return { answers: { ...answers, keySource: 'stick' }, need: { kind: 'stick' } };
      default:
        return { answers: { ...answers, keySource: chosen.name === 'url' ? 'url' : 'paste' } };
    }
  },
  without: answers => omit(answers, 'hasAllKeys', 'keySource', 'found'),
};

function keysPrompt(answers: Answers, { loginKey, presentKeys, epochSeconds }: World): Prompt {
  const { keys = [] } = answers;
  const shown = (line: string) => cleanLine(describeLine(line, epochSeconds), 200);
  const present = missing(presentKeys, answers).filter(line => line !== loginKey);
  const rows: Row[] = [
    ...(keys.length === 0 ? [] : [{ name: 'done', about: [`that is all: ${keys.length === 1 ? '1 key' : `${keys.length} keys`}`] }]),
    ...(loginKey === null || keys.includes(loginKey) ? [] : [{ name: 'login', about: ['the key of this login', shown(loginKey)] }]),
    ...(present.length === 0 ? [] : [{ name: 'present', about: ['the keys that may log in to this system now', ...present.slice(0, 4).map(shown)] }]),
    { name: 'paste', about: ['paste or type one: a line such as ssh-ed25519 AAAA... me@laptop'] },
    { name: 'url', about: ['fetch them from an address, such as https://github.com/NAME.keys'] },
    { name: 'stick', about: ['read them from a USB stick: *.pub or authorized_keys'] },
  ];
  return {
    text: keys.length === 0 ? 'Whose SSH key may log in as root? Without one, dabei does not install.' : 'Another key?',
    rows,
    label: 'key',
    preset: rows[0]!.name,
  };
} // prettier-ignore

const missing = (lines: readonly string[], { keys = [] }: Answers) =>
  lines.filter(line => !keys.includes(line));

export const key: Question = {
  id: 'key',
  isOpen: ({ keySource }) => keySource === 'paste',
  prompt: () => ({ text: 'The public key, in one line.', label: 'key' }),
  read: (line, answers, world) => addKeys([line], answers, world),
  without: answers => omit(answers, 'keySource'),
};

export const keyUrl: Question = {
  id: 'keyUrl',
  isOpen: ({ keySource }) => keySource === 'url',
  prompt: () => ({ text: 'An https:// address, or the name of a GitHub user.', label: 'address' }),
  read: (line, answers) => {
    // GitHub allows letters, digits and single hyphens, 39 characters at most.
    const url = /^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$/.test(line) ? `https://github.com/${line}.keys` : line;
    if (!URL.canParse(url)) return { problem: 'that is neither an address nor a name' };
    const { protocol, username, password } = new URL(url);
    if (protocol !== 'https:')
      return { problem: 'only https:// addresses: anyone between could hand over a key of their own' };
    if (username + password !== '') return { problem: 'the address must not contain a password' };
    return { answers, need: { kind: 'fetch', url } };
  },
  without: answers => omit(answers, 'keySource'),
};

export const keyFile: Question = {
  id: 'keyFile',
  isOpen: ({ found }) => found !== undefined,
  prompt: ({ found = [] }, world) => filePrompt(found, world),
  read: (line, answers, world) => {
    const { found = [] } = answers;
    const chosen = chosenRow(filePrompt(found, world), line);
    if ('problem' in chosen) return chosen;
    return addKeys(found.find(({ name }) => name === chosen.name)?.lines ?? [], answers, world);
  },
  without: answers => omit(answers, 'keySource', 'found'),
};

function filePrompt(found: NonNullable<Answers['found']>, { epochSeconds }: World): Prompt {
  return {
    text: 'Which file?',
    rows: found.map(({ name, lines }) => ({
      name,
      about: lines.slice(0, 4).map(line => cleanLine(describeLine(line, epochSeconds), 200)),
    })),
    label: 'file',
    preset: found[0]?.name ?? '',
  };
}

/** What an address or a stick has. */
export function takeKeyFiles(files: readonly { name: string; text: string }[], answers: Answers, world: World): Reading {
  const found = files
    .map(({ name, text }) => ({ name, lines: authorizedLines(text).map(withoutBlanks).filter(looksLikeKey) }))
    .filter(({ lines }) => lines.length > 0);
  const [only, ...others] = found;
  if (only === undefined) return { problem: 'there is no public key' };
  if (others.length > 0) return { answers: { ...omit(answers, 'keySource'), found } };
  return addKeys(only.lines, answers, world);
} // prettier-ignore

/** Takes lines of which at least one opens a shell. */
function addKeys(lines: readonly string[], answers: Answers, { epochSeconds }: World): Reading {
  const fresh = [...new Set(lines.map(withoutBlanks))];
  const read = fresh.map(line => readAuthorizedKey(line, epochSeconds));
  if (fresh.some(line => line.includes('PRIVATE KEY')))
    return { problem: 'that is a private key: give the public one, the line in the file that ends in .pub' };
  if (!read.some(({ use }) => use === 'shell'))
    return { problem: `that key opens no shell: it ${read[0]?.reason ?? 'is missing'}` };
  const taken = read.filter(({ use, line }) => use !== 'unusable' && authorizedKeyProblem(line) === null);
  const remarks: Remark[] = taken.map(found => ({
    kind: 'ok',
    text: cleanLine(`${describeAuthorizedKey(found)} ${found.key?.fingerprint ?? ''}`, 200),
  }));
  const keys = [...new Set([...(answers.keys ?? []), ...taken.map(({ line }) => line)])];
  return { answers: { ...omit(answers, 'keySource', 'found'), keys }, remarks };
}

function describeLine(line: string, epochSeconds: number): string {
  const read = readAuthorizedKey(line, epochSeconds);
  return `${describeAuthorizedKey(read)} ${read.key?.fingerprint ?? ''}`.trim();
}

/** A key type, or options before one (sshd(8)): neither a number nor a name of a row. */
function looksLikeKey(line: string): boolean {
  return /(^|\s)(ssh-|ecdsa-|sk-)\S+\s+AAAA/.test(line);
}
