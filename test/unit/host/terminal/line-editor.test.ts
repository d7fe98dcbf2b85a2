import t from 'tap';
import { edit, type Editing, type Key } from '../../../../agent/host/terminal/line-editor.ts';

/** Keys to a line, and what is printed for them. */

const editing: Editing = {
  label: 'disk: ',
  choices: ['/dev/vda', '/dev/vdb'],
  several: false,
  isSecret: false,
  columns: 80,
};
const key = (sequence: string): Key => ({ sequence, name: sequence });
const named = (name: string): Key => ({ name, sequence: '\u001b[' });
const ctrl = (name: string): Key => ({
  name,
  ctrl: true,
  sequence: String.fromCharCode(name.charCodeAt(0) - 96),
});
const back = '\b \b';

const rows: [name: string, text: string, key: Key, after: string, output: string, options?: Partial<Editing>][] = [
  ['a letter', 'a', key('b'), 'ab', 'b'],
  ['a letter outside of ASCII', 'a', key('ö'), 'aö', 'ö'],
  ['backspace', 'ab', named('backspace'), 'a', back],
  ['backspace over a character of two units', 'a😀', named('backspace'), 'a', back],
  ['backspace on nothing', '', named('backspace'), '', ''],
  ['the whole line', 'abc', ctrl('u'), '', back.repeat(3)],
  ['a word', 'one two ', ctrl('w'), 'one ', back.repeat(4)],
  ['other control keys', 'a', ctrl('l'), 'a', ''],
  ['Escape', 'a', { name: 'escape', sequence: '\u001b' }, 'a', ''],
  ['a function key', 'a', { name: 'f1', sequence: '\u001bOP' }, 'a', ''],
  ['Meta', 'a', { name: 'b', meta: true, sequence: '\u001bb' }, 'a', ''],
  ['Ctrl-D behind text', 'a', ctrl('d'), 'a', ''],
  ['down', '', named('down'), '/dev/vda', '/dev/vda'],
  ['down again', '/dev/vda', named('down'), '/dev/vdb', `${back}b`],
  ['down at the end', '/dev/vdb', named('down'), '/dev/vda', `${back}a`],
  ['up', '', named('up'), '/dev/vdb', '/dev/vdb'],
  ['down over something typed', 'xyz', named('down'), '/dev/vda', `${back.repeat(3)}/dev/vda`],
  ['down without choices', 'a', named('down'), 'a', '', { choices: [] }],
  ['down for a further one', '/dev/vda ', named('down'), '/dev/vda /dev/vda', '/dev/vda', { several: true }],
  ['down changes the last one', '/dev/vda,/dev/vda', named('down'), '/dev/vda,/dev/vdb', `${back}b`, { several: true }],
  ['a secret', 'a', key('b'), 'ab', '', { isSecret: true }],
  ['a secret is erased', 'abc', ctrl('u'), '', '', { isSecret: true }],
  // The label and 4 characters fill the row of 10.
  ['within a row', 'abc', named('backspace'), 'ab', back, { columns: 10 }],
  ['to the row above', 'abcd', named('backspace'), 'abc', '\ndisk: abc', { columns: 10 }],
]; // prettier-ignore

t.test('keys', async t => {
  for (const [name, text, key, after, output, options] of rows)
    t.same(edit({ ...editing, ...options }, text, key), { text: after, output }, name);
});

t.test('the end of a line', async t => {
  t.same(edit(editing, 'a', named('return')), { text: 'a', output: '\n', end: 'entered' });
  t.same(edit(editing, 'a', named('enter')), { text: 'a', output: '\n', end: 'entered' });
  t.same(edit(editing, 'a', ctrl('c')), { text: 'a', output: '^C\n', end: 'cancelled' });
  t.same(edit(editing, '', ctrl('d')), { text: '', output: '\n', end: 'cancelled' });
});
