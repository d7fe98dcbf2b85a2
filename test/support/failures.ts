/** What to read first of the output of a check that failed. */

/** More is not read, and a log that keeps only its end must keep the sum. */
const mostLines = 80;

/**
 * Of TAP (testanything.org, version 14): what is not ok, each with its diagnostics, and what was skipped; a test comes before
 * the test and the file that it belongs to. Of anything else: the last lines.
 * @returns at most 80 lines
 */
export function failuresOf(output: string): string[] {
  const lines = output.split('\n').filter(line => line.trim() !== '');
  const failed: string[] = [];
  let end: string | null = null;
  for (const [index, line] of lines.entries()) {
    const indent = /^\s*/.exec(line)![0];
    if (end !== null) {
      failed.push(line);
      if (line === end) end = null;
    } else if (line.startsWith('not ok', indent.length) || /^\s*ok .*# (todo|skip)\b/i.test(line)) {
      failed.push(line);
      if (lines[index + 1] === `${indent}  ---`) end = `${indent}  ...`;
    }
  }
  return failed.length > 0 ? failed.slice(0, mostLines) : lines.slice(-mostLines);
}
