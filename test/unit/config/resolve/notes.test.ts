import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { base64, resolve } from './given.ts';

t.test('all problems are told, in the order of the text', async t => {
  const { problems } = resolve(
    'dabei.hostnam=web ip=dchp dabei.disk_key=x',
    `{
  "hostname": "web",
  "disks": {
    "wipe": "true",
    "layot": "single"
  }
}`,
  );
  t.same(problems.map(formatProblem), [
    '/dabei.json:2:3 hostname: unknown key',
    '/dabei.json:4:13 disks.wipe: expected boolean or "full", got string',
    '/dabei.json:5:5 disks.layot: unknown key',
    'ip network: the client "dchp" is neither an address nor one of dhcp, on, any, off, none',
    'dabei.disk_key disks.key: it has 1 characters, a length that base64 does not produce: it was cut off',
    'dabei.hostnam: unknown parameter',
  ]);
  t.same(resolve('dabei.mode=install').problems.map(formatProblem), [
    'dabei.mode disks.devices: is missing, and an installation needs it',
    'dabei.mode disks.key: is missing, and an installation needs it',
  ]);
  t.match(
    problems.map(({ remedy }) => remedy),
    [
      /did you mean "hostName"/,
      /without quotes/,
      /did you mean "layout"/,
      /brackets/,
      /base64 -w0/,
      /dabei\.hostname/,
    ],
  );
});

t.test('remedies', async t => {
  const rows: [commandLine: string, file: string | undefined, remedy: RegExp][] = [
    ['', '{"wipe": true}', /belongs to disks/],
    ['', '{"zzz": true}', /known here: .*hostName/],
    ['', '{"mode": "instal"}', /did you mean "install"/],
    ['dabei.mode=install', undefined, /dabei\.disks=single:/],
    ['dabei.disks=single:only', undefined, /dabei\.disk_key in base64/],
    ['dabei.config_uri=http://x', undefined, /did you mean dabei\.config_url\?/],
    ['dabei.config_url=http://x', undefined, /dabei\.config_sha256 or dabei\.config_signer/],
    ['dabei.zzzzzzz=1', undefined, /known: dabei\.config, /],
  ];
  for (const [commandLine, file, remedy] of rows) {
    t.match(resolve(commandLine, file).problems[0]?.remedy, remedy, `${commandLine}${file ?? ''}`);
  }
});

t.test('secrets are never told', async t => {
  const secret = 'hunter2-hunter2';
  const rows: [commandLine: string, file?: string][] = [
    ['', `{"disks": {"key": ${secret}}}`],
    ['', `{"disks": {"key": "${secret}}}`],
    ['', `{"disks": {"key": "${secret}" "wipe": 3}}`],
    ['', `{"disks": {"key": {"${secret}": 1, "${secret}": 2}}}`],
    ['', `{"ssh": {"hostKeys": [{"${secret}": "${secret}"}, "${secret}", ["${secret}"]]}}`],
    ['', `{"disks": {"key": ["${secret}"], "devices": ["only"], "wipe": 0}}`],
    [`dabei.disk_key=${secret}! dabei.disk_key=${secret}`],
    [`dabei.disk_key${secret}`],
    [`dabei.disk_key=${base64(secret + '\n' + secret)} dabei.disks=x`],
    [`dabei.ssh_host_key=${base64(secret)}`],
  ];
  for (const [commandLine, file] of rows) {
    const resolution = resolve(commandLine, file);
    t.ok(resolution.problems.length > 0, commandLine);
    const told = JSON.stringify({ ...resolution, lines: resolution.problems.map(formatProblem) });
    t.notMatch(told, /hunter2|aHVudGVyMi/, `${commandLine}${file ?? ''}`);
  }
  const good = resolve('', JSON.stringify({ disks: { devices: ['only'], key: secret } }));
  t.ok(good.config);
  t.notMatch(JSON.stringify(good), /hunter2/);
});
