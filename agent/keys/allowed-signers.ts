import { looksLikeKeyType, readPublicKey } from './public-key.ts';

/** Lines of an allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS), by which a fetched configuration is verified. Pure. */

/** Namespace of signatures of configurations. Releases have another, so that no signature counts for the other. */
export const configNamespace = 'nix-dabei-config';

/** The lines that are neither empty nor comments. */
export function signerLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
}

/**
 * @returns what is wrong with a line, as the end of a sentence; null if nothing is. It must have namespaces="nix-dabei-config":
 *   without it, any signature that somebody made for another purpose would configure machines.
 */
export function signerProblem(line: string): string | null {
  const words = quotedWords(line);
  if (words === null) return 'has a quote without an end';
  const [principals = '', ...rest] = words;
  if (principals.replaceAll('"', '') === '' || rest.length < 2)
    return 'is not "PRINCIPAL namespaces=… KEYTYPE KEY"';
  const hasOptions = !looksLikeKeyType(rest[0]!);
  const [type = '', key = ''] = hasOptions ? rest.slice(1) : rest;
  const read = readPublicKey(type, key);
  if (typeof read === 'string') return read;
  const options = hasOptions ? optionsOf(rest[0]!) : [];
  const namespaces = options.find(({ name }) => name === 'namespaces')?.value ?? '';
  if (!namespaces.split(',').includes(configNamespace)) return `has no namespaces="${configNamespace}"`;
  return null;
}

/** Words at blanks outside of double quotes; null if a quote does not end. Time is linear. */
function quotedWords(line: string): string[] | null {
  const words: string[] = [];
  let word = '';
  let inQuotes = false;
  for (const character of line) {
    if (character === '"') inQuotes = !inQuotes;
    if (!inQuotes && (character === ' ' || character === '\t')) {
      if (word !== '') words.push(word);
      word = '';
    } else word += character;
  }
  if (word !== '') words.push(word);
  return inQuotes ? null : words;
}

/** Names are not case-sensitive (sshsig.c, sshsigopt_parse). */
function optionsOf(word: string): { name: string; value: string }[] {
  return [...word.matchAll(/([A-Za-z-]+)(?:="([^"]*)")?(?:,|$)/g)].map(([, name = '', value = '']) => ({
    name: name.toLowerCase(),
    value,
  }));
}
