import t from 'tap';
import { formatEntry, formatLogLine, type LogEntry } from '../../../agent/host/log.ts';

const stage = { event: 'stage', index: 5, of: 9, name: 'nuke-disk' } as const;

t.test('entries as lines for people', async t => {
  const rows: [LogEntry, string | null][] = [
    [{ ...stage, state: 'started' }, 'stage 5/9 nuke-disk: started'],
    [{ ...stage, state: 'done', seconds: 6.42 }, 'stage 5/9 nuke-disk: done (6.4 s)'],
    [
      { ...stage, state: 'failed', seconds: 0.4, code: 'COMMAND_FAILED' },
      'stage 5/9 nuke-disk: failed (0.4 s)',
    ],
    [
      {
        event: 'error',
        code: 'DISK_NOT_FOUND',
        doing: 'choosing disks',
        problem: 'none',
        remedy: 'name one',
      },
      'error DISK_NOT_FOUND: choosing disks: none\n  next: name one',
    ],
    [{ event: 'error', code: 'FILE', doing: 'reading x', problem: 'EIO' }, 'error FILE: reading x: EIO'],
    [{ event: 'command', argv: ['sync'], doing: 'writing', seconds: 1, exitCode: 0, failed: false }, null],
    [
      {
        event: 'command',
        argv: ['zpool', 'export', 'rpool'],
        doing: 'exporting',
        seconds: 1,
        exitCode: 1,
        failed: true,
      },
      '  exit code 1: zpool export rpool',
    ],
    [{ event: 'progress', text: 'copying' }, '  copying'],
    [{ event: 'note', text: 'host key SHA256:abc' }, 'host key SHA256:abc'],
    [{ event: 'warning', text: 'silent' }, 'warning: silent'],
    [{ event: 'progress', text: 'a\x1b[2J\x1b]0;t\x07b' }, '  ab'],
  ];
  for (const [entry, line] of rows) t.equal(formatEntry(entry), line);
});

t.test('a line of the log file', async t => {
  const line = JSON.stringify({ time: '2026-01-01T00:00:00Z', up: 12.34, ...stage, state: 'started' });
  t.equal(formatLogLine(line), '    12.3  stage 5/9 nuke-disk: started\n');
  const command = JSON.stringify({ up: 1, event: 'command', argv: ['sync', 'a\x1b[2Jb'], failed: false });
  t.equal(formatLogLine(command), '     1.0    sync ab\n');
});

t.test('a log that a crash cut, and lines that somebody else wrote', async t => {
  const line = JSON.stringify({ time: '2026-01-01T00:00:00Z', up: 12.34, ...stage, state: 'started' });
  for (let length = 1; length < line.length; length++) {
    const cut = line.slice(0, length);
    t.equal(formatLogLine(cut), `       ?  ${cut}\n`);
  }
  const rows: [line: string, shown: string][] = [
    ['null', 'null'],
    ['7', '7'],
    ['{}', '{}'],
    ['{"up":1}', '{"up":1}'],
    ['{"up":"1","event":"note","text":"a"}', '{"up":"1","event":"note","text":"a"}'],
    ['{"up":1,"event":"note"}', '{"up":1,"event":"note"}'],
    ['{"up":1,"event":"stage","state":"done"}', '{"up":1,"event":"stage","state":"done"}'],
    ['{"up":1,"event":"command"}', '{"up":1,"event":"command"}'],
    [
      '{"up":1,"event":"news","text":"of a later version"}',
      '{"up":1,"event":"news","text":"of a later version"}',
    ],
    ['\0\0\0\x1b[2J', ''],
  ];
  for (const [text, shown] of rows) t.equal(formatLogLine(text), `       ?  ${shown}\n`, text);
});
