import t from 'tap';
import { parseJson } from '../../../agent/config/json.ts';
import { toJson } from '../../../agent/config/located.ts';

t.test('exactly what JSON.parse takes is taken', async t => {
  const texts = [
    '{}', ' {"a": [1, 2.5e3, -0, true, false, null, "x\\u00e9\\n"]}\r\n', '""', '0', '{"a":{"b":{"c":[]}}}',
    '{"a":1,}', '[1,]', '{"a":1 "b":2}', '{"a":tru}', '{"a":1', '{"a":"x\n"}', '{"a":"\t"}', '{"a":01}', '{"a":+1}',
    '{"a":.5}', '{"a":1.}', '{"a":1e}', '{"a":-}', '{"a":NaN}', '{"a":Infinity}', '{"a":undefined}', '{a:1}',
    "{'a':1}", '{"a":"\\x"}', '{"a":"\\u12"}', '{"a" 1}', '{"a":1}}', '{"a":1} x', '{"a":1}{}', '// c\n{}',
    '{/* c */}', '{"a":}', '{,}', '[', ']', '}', 'nul', '"abc', '{"a":"\\', '\u00a0{}', '{"a":1}\u0000', '{"a":\v1}',
    '{"a":1e999}', '[1 2]', '{"a":[1}', '{"a":{"b":1}', '{"":1}', '{"constructor":1,"toString":2}',
  ]; // prettier-ignore
  for (const text of texts) {
    let expected: unknown;
    let valid = true;
    try {
      expected = JSON.parse(text);
    } catch {
      valid = false;
    }
    const { value, problems } = parseJson(text, 'test');
    t.equal(problems.length === 0, valid, JSON.stringify(text));
    if (valid) t.same(toJson(value!), expected, JSON.stringify(text));
  }
});

t.test('syntax errors', async t => {
  const deep = '['.repeat(100_000);
  const rows: [text: string, line: number, column: number, message: RegExp][] = [
    ['', 1, 1, /empty/],
    [' \n ', 1, 1, /empty/],
    ['<!DOCTYPE html>\n<html>404</html>', 1, 1, /HTML/],
    ['\n <?xml version="1.0"?>', 2, 2, /HTML or XML/],
    ['{\n  "a": 1,\n}', 3, 1, /trailing comma/],
    ['{\r\n  "a": [1,]\r\n}', 2, 11, /trailing comma/],
    ['{"a": 1\n "b": 2}', 2, 2, /expected a comma/],
    ['{"a": True}', 1, 7, /invalid token/],
    ['{"a": "x', 1, 7, /unterminated string/],
    ['# c\n{}', 1, 1, /invalid token/],
    ['{ // c\n}', 1, 3, /does not allow comments/],
    ['{"a": 1', 1, 8, /closing brace/],
    ['{"a": {"b": 1}}}', 1, 16, /unexpected text/],
    ['{"a": 1, "b": 2, "a": 3}', 1, 18, /given twice, first in line 1/],
    ['{"a": {\n"b": 1,\n"b": 1}}', 3, 1, /given twice, first in line 2/],
    [deep, 1, 33, /more than 32 levels/],
    [`{"a":${deep}}`, 1, 37, /more than 32 levels/],
    [`${'{"a":'.repeat(32)}{}`, 1, 161, /more than 32 levels/],
  ];
  for (const [text, line, column, message] of rows) {
    const { problems } = parseJson(text, 'file');
    const name = JSON.stringify(text.slice(0, 40));
    t.match(problems[0], { code: 'CONFIG_JSON', source: 'file', line, column, message }, name);
    t.equal(problems.length, 1, name);
  }
});

t.test('one complaint for each line, none of which quotes the text', async t => {
  const { problems } = parseJson('{"key": hunter2,\n "other": hunter3 }', 'file');
  t.match(problems, [
    { line: 1, column: 9 },
    { line: 2, column: 11 },
  ]);
  t.notMatch(JSON.stringify(problems), /hunter/);
});

t.test('after a syntax error, the keys that it does not touch are left', async t => {
  const rows: [text: string, left: unknown][] = [
    [
      '{"network": {"a": 1}, "disks": {"key": }, "ssh": {"port": 2}}',
      { network: { a: 1 }, ssh: { port: 2 } },
    ],
    ['{"network": {"a": 1}, "disks": {"key": "x', { network: { a: 1 } }],
    ['{"hostName": "web", "hostId": tru}', { hostName: 'web' }],
    ['{"hostName": "web", "version": 1', { hostName: 'web' }],
  ];
  for (const [text, left] of rows) t.same(toJson(parseJson(text, 'file').value!), left, text);
});

t.test('__proto__ is a key like any other', async t => {
  const { value } = parseJson('{"__proto__": {"polluted": true}}', 'file');
  const json = toJson(value!) as object;
  t.same(Object.keys(json), ['__proto__']);
  t.notOk('polluted' in json);
});

t.test(
  'more of anything than a configuration has is one problem, found before anything is made of it',
  async t => {
    const much = 128_000;
    const rows: [name: string, text: string][] = [
      ['the same key', `{${'"a":1,'.repeat(much)}"a":1}`],
      ['slips', `[${'1 2,\n'.repeat(much)}1]`],
      ['empty lists', `[${'[],'.repeat(much)}1]`],
      ['strings', `["${'x","'.repeat(much)}"]`],
    ];
    for (const [name, text] of rows)
      t.match(
        parseJson(text, '/c').problems,
        [{ code: 'CONFIG_JSON', message: 'more than 100000 values' }],
        name,
      );
  },
);
