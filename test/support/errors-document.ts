import { errorPlaces } from '../../agent/error-places.ts';
import { errorCodes, type ErrorCode } from '../../agent/errors.ts';

/** docs/errors.md, from the catalogue. */
export function errorsDocument(): string {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const early = codes.filter(code => errorPlaces[code] === 'preflight');
  const anywhere = codes.filter(code => errorPlaces[code] === 'anywhere');
  const building = codes.filter(code => errorPlaces[code] === 'build');
  const late = codes.flatMap(code => {
    const place = errorPlaces[code];
    return typeof place === 'object' ? [{ code, because: place.newSystem }] : [];
  });
  return [
    '# Errors',
    '',
    'Every refusal and failure has a code. Codes do not change between versions, so scripts may compare them. Sentences are for',
    'people and may change. `dabei status`, `dabei status --json`, `dabei logs`, the consoles and `run` show the same.',
    '',
    '## Found before the old system is left',
    '',
    '`run` and `dabei preflight` find these, and so does the new system where there was none before it, as with PXE. The whole',
    'plan of the installation is made on the old system, for the disks present.',
    '',
    ...table(
      ['Code', 'Meaning'],
      early.map(code => [`\`${code}\``, errorCodes[code]]),
    ),
    '',
    '## Found by the new system alone',
    '',
    'The machine is reachable over SSH then. Unless a meaning says otherwise, no disk was touched.',
    '',
    ...table(
      ['Code', 'Meaning', 'Why not before'],
      late.map(({ code, because }) => [`\`${code}\``, errorCodes[code], because]),
    ),
    '',
    '## Anywhere',
    '',
    ...table(
      ['Code', 'Meaning'],
      anywhere.map(code => [`\`${code}\``, errorCodes[code]]),
    ),
    ...(building.length === 0
      ? []
      : [
          '',
          '## While an image is built',
          '',
          ...table(
            ['Code', 'Meaning'],
            building.map(code => [`\`${code}\``, errorCodes[code]]),
          ),
        ]),
    '',
  ].join('\n');
}

/** As prettier writes it. */
function table(heading: string[], rows: string[][]): string[] {
  const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map(row => row[column]!.length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(heading), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)];
}
