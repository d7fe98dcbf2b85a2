import { writeFileSync } from 'node:fs';
import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { attempt } from '../../../agent/host/exec.ts';
import { checkout } from '../../../image/lib/host.ts';

const mark = '\ufeff';
const phrase = 'correct horse';
const removed = {
  mark: 'a byte order mark was removed from the start of',
  line: 'the line break at the end of',
  blank: 'begins or ends with a blank; dabei keeps the blank',
};

/** What stands in a file or parameter; the passphrase that is taken, null where it is refused; what is told. */
const rows: [name: string, given: string, taken: string | null, told: string[]][] = [
  ['as it is', phrase, phrase, []],
  ['a line feed', `${phrase}\n`, phrase, [removed.line]],
  ['a line end of Windows', `${phrase}\r\n`, phrase, [removed.line]],
  ['several', `${phrase}\r\n\n\r\r\n`, phrase, [removed.line]],
  ['a byte order mark', mark + phrase, phrase, [removed.mark]],
  ['both', `${mark}${phrase}\r\n`, phrase, [removed.mark, removed.line]],
  ['two byte order marks', mark + mark + phrase, phrase, [removed.mark]],
  ['a blank at the end', `${phrase} \n`, `${phrase} `, [removed.line, removed.blank]],
  ['a blank at the start', ` ${phrase}`, ` ${phrase}`, [removed.blank]],
  ['umlauts, a quote, a backslash', 'grüße "\\ x', 'grüße "\\ x', []],
  ['two lines', `${phrase}\n${phrase}`, null, []],
  ['a carriage return inside', `${phrase}\r${phrase}`, null, []],
  ['an escape sequence', `${phrase}\u001b[2J`, null, []],
  ['NUL', `${phrase}\u0000`, null, []],
  ['a line break alone', '\n', null, []],
  ['too short without its line break', `1234567\n`, null, []],
]; // prettier-ignore

const encryption = (key: string) => JSON.stringify({ disks: { devices: ['only'], key } });

function read(commandLine: string, file: string) {
  const { config, notes, problems } = resolveConfiguration({
    commandLine,
    files: [{ path: '/dabei.json', bytes: Buffer.from(file) }],
  });
  return { key: config?.disks?.key?.reveal().toString() ?? null, notes, problems };
}

const script = `
  . "$1/limits.sh"
  . "$1/json.sh"
  . "$1/machine.sh"
  say() { printf '%s\\n' "$*" >&2; }
  disk_key_file=$2
  read_passphrase
  printf '{"disks": {"devices": ["only"], "key": %s}}' "$(json_string "$passphrase")"
`;

t.test('a passphrase is the same by every way in', async t => {
  const file = `${t.testdir()}/key`;
  for (const [name, given, taken, told] of rows) {
    const ways = {
      parameter: read(`dabei.disk_key=${Buffer.from(given).toString('base64')}`, '{"disks":{"devices":["only"]}}'),
      'configuration file': read('', encryption(given)),
    }; // prettier-ignore
    for (const [way, { key, notes, problems }] of Object.entries(ways)) {
      t.equal(key, taken, `${name}, ${way}`);
      const ofSecret = notes.filter(note => note.includes('disks.key') && !note.includes('some consoles cannot'));
      t.equal(ofSecret.length, taken === null ? ofSecret.length : told.length, `${name}, ${way}: ${notes.join('; ')}`);
      if (taken !== null) for (const text of told) t.ok(ofSecret.some(note => note.includes(text)), text);
      if (taken === null) t.match(problems, [{ code: 'CONFIG_SCHEMA', path: 'disks.key' }], `${name}, ${way}`);
      t.notMatch(JSON.stringify({ notes, problems }), /correct|grüße|1234567/, 'nothing of it is told');
    } // prettier-ignore
    writeFileSync(file, given);
    const shell = await attempt({
      doing: 'reading a passphrase',
      argv: ['sh', '-eu', '-c', script, 'sh', checkout('image/media/bundle/lib'), file],
      timeoutSeconds: 60,
    });
    // What the shell's own check leaves, the agent's refuses before the old system is left.
    const key = shell.exitCode === 0 ? read('', shell.stdout).key : null;
    t.equal(key, taken, `${name}, --disk-key-file: ${shell.stderr}`);
    if (taken === null) continue;
    const lines = shell.stderr.split('\n').filter(Boolean);
    t.equal(lines.length, told.length, `${name}: ${shell.stderr}`);
    for (const text of told) t.ok(lines.some(line => line.includes(text)), `${name}: ${text}`); // prettier-ignore
    t.notMatch(shell.stderr, /correct|grüße/);
  }
});

t.test('UTF-16 is refused in words', async t => {
  const file = `${t.testdir()}/key`;
  writeFileSync(file, Buffer.from(mark + phrase, 'utf16le'));
  const argv = ['sh', '-eu', '-c', script, 'sh', checkout('image/media/bundle/lib'), file];
  const { exitCode, stderr } = await attempt({ doing: 'reading', argv, timeoutSeconds: 60 });
  t.match({ exitCode, stderr }, { exitCode: 1, stderr: /^error CONFIG_SCHEMA: the passphrase in .* contains a NUL byte \(UTF-16 text\?\)/ }); // prettier-ignore
  const encoded = Buffer.from(mark + phrase, 'utf16le').toString('base64');
  const { problems } = read(`dabei.disk_key=${encoded}`, '{"disks":{"devices":["only"]}}');
  t.match(problems, [{ path: 'disks.key', message: 'it is UTF-16 text', remedy: 'save it as UTF-8' }]);
});

t.test('a host key behind a byte order mark', async t => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n';
  const given = `${mark}${key.replaceAll('\n', '\r\n')}  \r\n`;
  const ways: [string, string, string][] = [
    [`dabei.ssh_host_key=${Buffer.from(given).toString('base64')}`, '{}', 'dabei.ssh_host_key'],
    ['', JSON.stringify({ ssh: { hostKeys: [given] } }), '/dabei.json'],
  ];
  for (const [commandLine, file, source] of ways) {
    const files = [{ path: '/dabei.json', bytes: Buffer.from(file) }];
    const { reachability, notes, problems } = resolveConfiguration({ commandLine, files });
    t.same(problems, []);
    t.equal(reachability.ssh.hostKeys[0]?.reveal().toString(), key);
    t.same(notes, [`${source}: a byte order mark was removed from the start of ssh.hostKeys[0]`]);
  }
});
