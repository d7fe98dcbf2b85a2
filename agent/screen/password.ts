/**
 * A password of pronounceable words, as in "A Proposal for Proquints" (arXiv:0901.4016): each word has five letters, consonants and vowels
 * in turn, for 16 bits. Four words have 64 bits. Pure.
 */

const consonants = 'bdfghjklmnprstvz';
const vowels = 'aiou';

export const passwordBytes = 8;

/** @param random as many bytes as wanted, an even number; 16 bits make a word */
export function passwordOfBytes(random: Buffer): string {
  const words: string[] = [];
  for (let at = 0; at < random.length; at += 2) words.push(word(random.readUInt16BE(at)));
  return words.join('-');
}

/** From the highest bits to the lowest: 4 of a consonant, 2 of a vowel, 4, 2, 4. */
function word(bits: number): string {
  const consonant = (shift: number) => consonants.charAt((bits >> shift) & 15);
  const vowel = (shift: number) => vowels.charAt((bits >> shift) & 3);
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}
