/** Longer words are not misspelt names, and the time of a comparison grows with their length. */
const longestWord = 64;

/** The candidate closest to a misspelt word; null if none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > longestWord) return null;
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(fold(word), fold(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** host_name, host-name and hostname all mean hostName. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}

/** Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions, swapped neighbours. */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, older[column - 2]! + 1);
      }
      current.push(cost);
    }
    [older, previous] = [previous, current];
  }
  return previous[b.length]!;
}
