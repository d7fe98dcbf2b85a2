import t from 'tap';
import { formatStatus, parseStatus, type Status } from '../../../agent/host/status.ts';

const base: Status = {
  state: 'rescue',
  stage: 'rescue',
  index: 4,
  of: 4,
  code: null,
  beginning: null,
  reasons: [],
  addresses: { eth0: ['192.0.2.7/24', '2001:db8::7/64'], eth1: [] },
  unreachableGateways: [],
  hostKeys: ['SHA256:abc (ED25519)'],
  sshPort: 22,
  onion: null,
  warnings: [],
  since: '2026-01-01T00:00:00.000Z',
};

t.test('for people', async t => {
  const rows: [name: string, status: Status, text: string[]][] = [
    [
      'rescue',
      base,
      [
        'rescue: stage 4/4 rescue',
        'eth0: 192.0.2.7/24 2001:db8::7/64',
        'eth1: no address',
        'host key: SHA256:abc (ED25519)',
      ],
    ],
    [
      'an installation that goes on',
      {
        ...base,
        state: 'running',
        stage: 'install',
        addresses: {},
        hostKeys: [],
        sshPort: 22,
        beginning: 'resuming the earlier installation at host-flake',
      },
      ['running: stage 4/4 install', 'resuming the earlier installation at host-flake'],
    ],
    [
      'failed',
      {
        ...base,
        state: 'failed',
        stage: 'plan',
        of: 9,
        code: 'DISK_NOT_FOUND',
        reasons: [
          { code: 'DISK_NOT_FOUND', doing: 'choosing', problem: 'no disk', remedy: 'name one' },
          { code: 'DISK_MEMBERS', doing: 'choosing', problem: 'too few', remedy: null },
        ],
        addresses: {},
        hostKeys: [],
        sshPort: 22,
        warnings: ['the gateway is silent'],
      },
      [
        'failed: stage 4/9 plan',
        'error DISK_NOT_FOUND: choosing: no disk',
        '  next: name one',
        'error DISK_MEMBERS: choosing: too few',
        'warning: the gateway is silent',
      ],
    ],
  ];
  for (const [name, status, lines] of rows) t.equal(formatStatus(status), `${lines.join('\n')}\n`, name);
});

t.test('a file that a crash cut, or another version wrote', async t => {
  const unreadable = [
    'running: stage 0/0 config',
    'warning: /run/dabei/status.json cannot be read; "dabei logs" prints the log',
    '',
  ];
  for (const text of ['', '{', '{"state":"failed","reaso', 'null', '7', '\0\0'])
    t.equal(formatStatus(parseStatus(text)), unreadable.join('\n'), text);
  t.equal(
    formatStatus(parseStatus('{"state":"rescue","stage":"rescue","index":4,"of":4}')),
    'rescue: stage 4/4 rescue\n',
  );
});

t.test('what others say does not steer the screen', async t => {
  const status = {
    ...parseStatus('{}'),
    warnings: ['DHCP server: \x1b[2J\x1b]0;x\x07no\nAccepted publickey'],
  };
  t.equal(formatStatus(status), 'running: stage 0/0 config\nwarning: DHCP server: no Accepted publickey\n');
});
