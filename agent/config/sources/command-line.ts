/** A parameter of the kernel command line; `value` is null where there is no equals sign. */
export interface Parameter {
  name: string;
  value: string | null;
}

/** isspace() of the kernel (lib/ctype.c), within ASCII. */
const isSpace = (character: string | undefined) => character !== undefined && /[ \t\n\v\f\r]/.test(character);

/**
 * Splits the kernel command line as the kernel does (Linux: lib/cmdline.c, next_arg; kernel/params.c, parse_args):
 * double quotes keep spaces, there is no escape; quotes around a value or around a whole parameter are removed, others
 * stay; the first equals sign ends the name, unless it is the first character; "--" passes the rest to init.
 * @returns the parameters in order, with repetitions, names as written
 */
export function parseCommandLine(line: string): Parameter[] {
  const parameters: Parameter[] = [];
  let position = 0;
  for (;;) {
    while (isSpace(line[position])) position++;
    if (position >= line.length) return parameters;
    const quoted = line[position] === '"';
    if (quoted) position++;
    const start = position;
    let equals = 0;
    let inQuotes = quoted;
    for (; position < line.length; position++) {
      const character = line[position];
      if (isSpace(character) && !inQuotes) break;
      if (equals === 0 && character === '=') equals = position - start;
      if (character === '"') inQuotes = !inQuotes;
    }
    const word = line.slice(start, position);
    const opened = quoted || (equals > 0 && word[equals + 1] === '"');
    const body = opened && word.endsWith('"') ? word.slice(0, -1) : word;
    const parameter =
      equals === 0
        ? { name: body, value: null }
        : { name: body.slice(0, equals), value: body.slice(equals + 1).replace(/^"/, '') };
    if (parameter.value === null && parameter.name === '--') return parameters;
    parameters.push(parameter);
  }
}

/** Dashes and underscores are the same in names (Documentation/admin-guide/kernel-parameters.rst). */
export function canonicalName(name: string): string {
  return name.replaceAll('-', '_');
}
