import t from 'tap';
import { cleanLine, cleanText, lineLimit, textLimit } from '../../agent/clean-text.ts';
import { DabeiError } from '../../agent/errors.ts';
import { growth, growthLimit } from '../support/growth.ts';

const rows: readonly [what: string, text: string, line: string][] = [
  ['plain', 'no disk is named', 'no disk is named'],
  ['other alphabets', 'Pamięć 内存 🦀', 'Pamięć 内存 🦀'],
  ['colours', '\x1b[31merror:\x1b[0m why', 'error: why'],
  ['cursor and screen', 'a\x1b[2J\x1b[1;1Hb', 'ab'],
  ['a title (OSC)', 'a\x1b]0;owned\x07b\x1b]8;;http://x\x1b\\c', 'abc'],
  ['a title without its end', 'a\x1b]0;owned', 'a'],
  ['8-bit CSI and OSC', 'a\x9b31mb\x9d0;x\x9cc', 'abc'],
  ['device control, status and reset', 'a\x1bP1$q\x1b\\b\x1b[6nc\x1bcd', 'abcd'],
  ['a sequence that ends with the text', 'a\x1b[', 'a'],
  ['an escape by itself', 'a\x1b', 'a'],
  ['NUL, bell, backspace, delete', 'a\0b\x07c\x08d\x7fe', 'abcde'],
  [
    'line breaks',
    'a\nAccepted publickey\r\nb\rc\u2028d\u2029e\x85f\vg\fh',
    'a Accepted publickey b c d e f g h',
  ],
  ['tabs', 'a\tb', 'a b'],
  ['bidirectional overrides', 'a\u202egnp.exe\u2069\u200fb', 'agnp.exeb'],
  ['byte order mark, zero width', '\ufeffa\u200bb\u2060c', 'abc'],
  ['half of a surrogate pair', 'a\ud83d', 'a\ufffd'],
  ['a sequence inside of a sequence', '\x1b\x1b[31m[31mred', '[31mred'],
  ['blanks at the end', '  a  ', '  a'],
];

t.test('a line', async t => {
  for (const [what, text, line] of rows) t.equal(cleanLine(text), line, what);
  t.equal(cleanLine('x'.repeat(lineLimit)), 'x'.repeat(lineLimit));
  t.equal(cleanLine('x'.repeat(lineLimit + 1)), `${'x'.repeat(lineLimit - 1)}…`);
  t.equal(cleanLine('🦀🦀', 3), '🦀…', 'no half of a character is left');
});

t.test('several lines keep their breaks and indentation', async t => {
  t.equal(cleanText('error:\r\n\tat\x1b[1m x\n  why \n\n'), 'error:\n    at x\n  why\n\n');
  t.equal(cleanText('10 %\r20 %'), '10 %\n20 %');
  t.equal(cleanText(`${'x'.repeat(lineLimit + 1)}\ny`).split('\n')[0]!.length, lineLimit);
  t.equal(cleanText('a\n'.repeat(textLimit)).length, textLimit);
});

t.test('cleaning twice is cleaning once, whatever it is', async t => {
  const pieces = [
    '\x1b',
    '[',
    ']',
    'P',
    '\x9b',
    '1',
    'm',
    '\n',
    '\r',
    '\t',
    ' ',
    '\0',
    '\u202e',
    'a',
    '\ud83d',
    '\x07',
    '\\',
  ];
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join('');
    for (const clean of [cleanLine, cleanText]) {
      const once = clean(text);
      if (clean(once) !== once) t.equal(clean(once), once, JSON.stringify(text));
      if (/[^\P{Cc}\n]|\p{Cf}/u.test(once)) t.fail(`${JSON.stringify(text)} gives ${JSON.stringify(once)}`);
    }
  }
  t.notMatch(cleanLine(String.fromCharCode(...Array(256).keys())), /\p{Cc}/u);
});

t.test('time grows with the text and no faster', async t => {
  for (const piece of [
    '\x1b',
    '\x1b[',
    '\x1b]',
    '\x1b[1;',
    '\x9b',
    '\r',
    '\n',
    ' ',
    '\x1bP',
    '\u202e',
    '1;',
  ]) {
    const ratio = growth(
      size => piece.repeat(size),
      text => (cleanText(text, 2 ** 22), cleanLine(text, 2 ** 22)),
      2 ** 16,
    );
    t.ok(
      ratio < growthLimit,
      `${JSON.stringify(piece)}: ${ratio.toFixed(1)} times as long for twice the text`,
    );
  }
});

t.test('no error carries anything else to a screen', async t => {
  const error = new DabeiError('HTTP', {
    doing: 'asking \x1b[2Jcache',
    problem: 'the server answered 500 \x1b]0;x\x07\u202eno',
    remedy: 'ask\0 again',
  });
  t.equal(error.message, 'asking cache: the server answered 500 no');
  t.equal(error.remedy, 'ask again');
});
