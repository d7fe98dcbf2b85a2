import t from 'tap';
import { smbiosCredentials } from '../../../../../agent/config/sources/seed/smbios.ts';

/** A structure (DSP0134, 6.1): header, bytes of its own, strings. */
const structure = (type: number, own: number[], strings: readonly string[]) =>
  Buffer.concat([
    Buffer.from([type, 4 + own.length, 0, 0, ...own]),
    Buffer.from(`${strings.map(text => `${text}\0`).join('')}${strings.length > 0 ? '' : '\0'}\0`),
  ]);
const oem = (...strings: string[]) => structure(11, [strings.length], strings);
const system = structure(1, [1, 2, 0, 0], ['QEMU', 'io.systemd.credential:dabei.config=no']);
const end = structure(127, [], []);
const config = 'io.systemd.credential:dabei.config={}';

const rows: [name: string, table: Buffer, expected: [string, string][], notes?: RegExp][] = [
  ['empty', Buffer.alloc(0), []],
  ['no strings of this type', Buffer.concat([system, end]), []],
  ['one', Buffer.concat([system, oem(config), end]), [['dabei.config', '{}']]],
  ['in base64', oem('io.systemd.credential.binary:dabei.config=e30='), [['dabei.config', '{}']]],
  ['two structures', Buffer.concat([oem('x', config), oem('io.systemd.credential:a=1')]), [['dabei.config', '{}'], ['a', '1']]],
  ['an equals sign in it', oem('io.systemd.credential:a=b=c'), [['a', 'b=c']]],
  ['lines', oem('io.systemd.credential:a=b\nc'), [['a', 'b\nc']]],
  ['nothing in it', oem('io.systemd.credential:a='), [['a', '']]],
  ['without strings', Buffer.concat([structure(11, [0], []), oem(config)]), [['dabei.config', '{}']]],
  ['after the end', Buffer.concat([end, oem(config)]), []],
  ['another string', oem('To Be Filled By O.E.M.'), []],
  ['a name with a slash', oem('io.systemd.credential:../x=1'), []],
  ['no name', oem('io.systemd.credential:=1'), []],
  ['no value', oem('io.systemd.credential:a'), []],
  ['broken base64', oem('io.systemd.credential.binary:a=$', config), [['dabei.config', '{}']], /credential a of the firmware is left out/],
  ['cut in the strings', oem(config).subarray(0, 20), []],
  ['cut in the header', Buffer.concat([oem(config), Buffer.from([11, 5])]), [['dabei.config', '{}']]],
  ['a byte order mark stays: the parser knows it', oem(`io.systemd.credential:dabei.config=\ufeff{}`), [['dabei.config', '\ufeff{}']]],
  ['in base64, in lines', oem('io.systemd.credential.binary:a=e30\n='), [['a', '{}']]],
  ['in base64url', oem('io.systemd.credential.binary:a=-_-_'), [['a', Buffer.from('-_-_', 'base64url').toString()]]],
  ['another prefix', oem('io.systemd.stub.kernel-cmdline-extra=dabei.rescue'), []],
  ['a prefix in capital letters', oem('IO.SYSTEMD.CREDENTIAL:a=1'), []],
  ['a name that is too long', oem(`io.systemd.credential:${'a'.repeat(256)}=1`), []],
  ['one name twice', oem('io.systemd.credential:a=1', 'io.systemd.credential:a=2'), [['a', '1'], ['a', '2']]],
  ['a string of another structure', Buffer.concat([structure(2, [1], [config]), end]), []],
  ['a name of an object of its own', oem('io.systemd.credential:__proto__=1'), [['__proto__', '1']]],
  ['a length of zero', Buffer.concat([Buffer.from([11, 0, 0, 0]), oem(config)]), []],
  ['a length beyond the end', Buffer.from([11, 255, 0, 0, 1, 2]), []],
]; // prettier-ignore

t.test('credentials in SMBIOS', async t => {
  for (const [name, table, expected, said] of rows) {
    const notes: string[] = [];
    const found = smbiosCredentials(table, notes).map(each => [each.name, each.bytes.toString()]);
    t.strictSame(found, expected, name);
    if (said) t.match(notes.join('\n'), said, name);
    else t.same(notes, [], name);
  }
});
