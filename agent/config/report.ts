import { DabeiError, type ErrorCode } from '../errors.ts';
import { escapeUnprintable } from './text.ts';

/** A problem of the configuration, and its place. It contains neither text nor values of the configuration. */
export interface Problem {
  code: ErrorCode;
  /** A kernel parameter's name as written, or a file's path. */
  source: string;
  /** As written in the source, "disks.devices[0].serial"; for a parameter, the value that it sets; "" for the whole source. */
  path: string;
  /** 1-based, in the decoded JSON text; null for parameters. */
  line: number | null;
  column: number | null;
  message: string;
  remedy?: string;
}

/** Where a value was written. */
export type Place = Pick<Problem, 'source' | 'path' | 'line' | 'column'>;

export type Path = readonly (string | number)[];

/** Longest key in a path, in UTF-16 code units: every value has a path, and a key may be as long as the text. */
const longestKey = 80;

/** ["disks", "devices", 0, "serial"] -> "disks.devices[0].serial"; quotes keys that are not words, and truncates long ones. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const key = part.length > longestKey ? `${part.slice(0, longestKey - 1)}…` : part;
    if (!/^[\w$-]+$/.test(key)) return `${text}[${escapeUnprintable(JSON.stringify(key))}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** In a pattern of paths: any index of a list. */
export const anyIndex = '*';

export const wifiSecretPaths = [
  ['network', 'wifi', anyIndex, 'passphrase'],
  ['network', 'wifi', anyIndex, 'psk'],
] as const;

/** Settings that hold a passphrase, a private key, the hash of a password or a token; patterns of paths. */
export const secretPaths: readonly (readonly string[])[] = [
  ['disks', 'key'],
  ['disks', 'keyFiles'],
  ['ssh', 'hostKeys'],
  ['console', 'passwordHash'],
  ['tor', 'key'],
  ['report', 'token'],
  ['report', 'header'],
  ...wifiSecretPaths,
];

/** Cuts a path at a secret: a passphrase that somebody wrote as a key of an object is still a passphrase. */
export function publicPath(path: Path): Path {
  const secret = secretPaths.find(secretPath =>
    secretPath.every((part, at) => path[at] === part || (part === anyIndex && typeof path[at] === 'number')),
  );
  return secret ? path.slice(0, secret.length + (typeof path[secret.length] === 'number' ? 1 : 0)) : path;
}

/** "dabei.config:3:14 disks.wipe: expected boolean, got string"; the remedy is reported separately. */
export function formatProblem({ source, path, line, column, message }: Problem): string {
  const position = line === null ? '' : `:${line}:${column}`;
  return `${source}${position}${path === '' ? '' : ` ${path}`}: ${message}`;
}

/** Converts a refusal of decode.ts to a problem; rethrows other errors. */
export function problemOf(thrown: unknown, source: string, path = ''): Problem {
  if (!(thrown instanceof DabeiError)) throw thrown;
  const { code, problem: message, remedy } = thrown;
  return {
    code,
    source,
    path,
    line: null,
    column: null,
    message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** Converts a problem of the configuration to an error, with place, sentence and remedy. Nothing else does this. */
export function asRefusal(problem: Problem): DabeiError {
  return new DabeiError(problem.code, {
    doing: 'reading the configuration',
    problem: formatProblem(problem),
    remedy: problem.remedy ?? `correct ${problem.source} and try again; nothing was changed`,
  });
}
