import { redactTokens } from './redact-tokens.ts';

/**
 * Text from outside, made safe to print and to log: what servers, programs, disks and other people's files say. The doors through
 * which text comes in clean it (host/exec.ts, host/http.ts, plan/nix/narinfo.ts); code that formats messages does not.
 *
 * Access tokens in addresses become "[redacted]" (redact-tokens.ts). Both functions remove escape sequences (ECMA-48, 5.4 and 5.6),
 * control characters, and the format characters that show a line in another order than it has (Unicode Standard Annex 9; "Trojan
 * Source", CVE-2021-42574). Both take time in proportion to the text, and change nothing in text that they have cleaned.
 */

/** Of a line, in UTF-16 code units: a screen and a half. */
export const lineLimit = 2000;
/** Of a text of several lines. */
export const textLimit = 16 * 1024;

/** CSI, OSC and its like up to their end or the end of the line, and two-character sequences; in 7 and in 8 bits. */
const escapes =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
/** Line Separator, Paragraph Separator, Next Line, vertical tab and form feed break lines on some screens. */
const breaks = /\r\n|[\r\n\v\f\x85\u2028\u2029]/g;
/** Cc and Cf: controls and format characters, the bidirectional ones among them; Cs: halves of surrogate pairs. */
const invisible = /[\p{Cc}\p{Cf}]/gu;
const halves = /\p{Cs}/gu;

/** One line, with its indentation: breaks and tabs become spaces; what is longer than the limit ends with "…". */
export function cleanLine(text: string, limit = lineLimit): string {
  const line = bounded(text, limit)
    .replace(breaks, '\n')
    .replace(escapes, '')
    .replace(/[\n\t]/g, ' ')
    .replace(invisible, '')
    .replace(halves, '\ufffd')
    .trimEnd();
  return cut(redactTokens(line), limit);
}

/** Several lines: breaks of any kind become "\n", each line is cleaned for itself and keeps its indentation. */
export function cleanText(text: string, limit = textLimit): string {
  const lines = bounded(text, limit)
    .replace(breaks, '\n')
    .replace(escapes, '')
    .replaceAll('\t', '    ')
    .split('\n')
    .map(line =>
      cut(redactTokens(line.replace(invisible, '').replace(halves, '\ufffd').trimEnd()), lineLimit),
    );
  return cut(lines.join('\n'), limit);
}

/** Nobody cleans megabytes to show a line: escape sequences may take most of it, but not all. */
function bounded(text: string, limit: number): string {
  return text.slice(0, limit * 16);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
