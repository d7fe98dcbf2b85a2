/** How hard a passphrase is to guess: a rough estimate, which errs on the low side for what people make up. Pure. */

export interface Strength {
  /** Binary logarithm of the number of guesses that it takes, about. */
  bits: number;
  isStrong: boolean;
  sentence: string;
}

/** log2(7776): a word of a diceware list (diceware.com). Words that people choose are worth no more. */
const bitsOfWord = 12.9;
/** What everybody tries first: of published lists of the most common passwords. */
const common =
  /^(pass(word|wort|phrase)?|qwert[yz]?(uiop)?|asdf(gh(jkl)?)?|letmein|welcome|admin|root|login|secret|dragon|monkey|iloveyou|trustno|changeme|nixos|dabei|test)$/i;
/** Rows of keyboards, alphabet and digits: runs along them are worth their first character and a length. */
const paths = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
];

/** @returns about 35 bits for a name with digits, 52 for four words, 78 for six */
export function strengthOf(passphrase: string): Strength {
  const seen = new Set<string>();
  let bits = 0;
  // Letters, digits, anything else: each run is a piece.
  for (const piece of passphrase.match(/\p{L}+|\p{N}+|[^\p{L}\p{N}]+/gu) ?? []) {
    const folded = piece.toLowerCase();
    // The same piece again is worth the knowledge that it is repeated.
    bits += seen.has(folded) ? 1 : bitsOf(piece);
    seen.add(folded);
  }
  const whole = Math.floor(bits);
  return { bits: whole, isStrong: whole >= 60, sentence: sentenceFor(whole) };
}

function sentenceFor(bits: number): string {
  if (bits < 40)
    return `weak, about ${bits} bits: whoever has the disks can guess it; five random words or more are good`;
  if (bits < 60) return `fair, about ${bits} bits: enough against curiosity, not against a budget`;
  return `strong, about ${bits} bits`;
}

function bitsOf(piece: string): number {
  if (common.test(piece)) return 3;
  const folded = piece.toLowerCase();
  const steps = runs(folded);
  if (/^\p{L}+$/u.test(piece)) {
    const capitals = /^\p{Lu}\p{Ll}*$/u.test(piece) || piece === folded ? 0 : 3;
    if (isPronounceable(folded)) return Math.min(steps * 4.7, bitsOfWord + Math.max(0, steps - 8)) + capitals;
    return steps * 4.7 + capitals;
  }
  // Four digits are most often a year.
  if (/^\p{N}+$/u.test(piece)) return /^(19|20)\d\d$/.test(piece) ? 6 : steps * 3.3;
  return piece.length === 1 ? 2 : steps * 5;
}

/** Number of characters, of which those count little that repeat, or continue along a row, the one before. */
function runs(text: string): number {
  const characters = Array.from(text);
  let count = 0;
  for (const [at, character] of characters.entries()) {
    const before = characters[at - 1];
    const follows =
      before !== undefined &&
      (before === character ||
        paths.some(path => path.includes(before + character) || path.includes(character + before)));
    count += follows ? 0.25 : 1;
  }
  return count;
}

/** Vowels where a language has them: no run of five consonants or four vowels. */
function isPronounceable(word: string): boolean {
  return /[aeiouyäöü]/.test(word) && !/[^aeiouyäöü]{5}|[aeiouäöü]{4}/.test(word);
}
