/** A table of Markdown as prettier writes it. Cells hold no line breaks; "|" is escaped. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows].map(row => row.map(cell => cell.replaceAll('|', '\\|')));
  const widths = heading.map((_, column) => Math.max(3, ...all.map(row => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(all[0]!), line(widths.map(width => '-'.repeat(width))), ...all.slice(1).map(line)];
}
