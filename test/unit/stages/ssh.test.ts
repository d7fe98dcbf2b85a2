import { test } from 'tap';
import { fingerprint, keyLines } from '../../../agent/stages/ssh.ts';

test('fingerprint, as ssh-keygen -l shows it', async t => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6PZmY8Q7hUu4u7qcDMLJ3SkzLhzNnHXYQrYLkyzxXw';
  t.equal(fingerprint(key), 'SHA256:U7tYwx8gmP987iIcYgWPIGm40JKIUO541mtpqlH/SQs');
  t.equal(fingerprint(`${key} somebody@somewhere\n`), fingerprint(key));
});

test('lines of authorized_keys', async t => {
  const rows: [string[], string[]][] = [
    [[], []],
    [['', ' ', '\n', '# ssh-ed25519 AAAA commented out'], []],
    [['ssh-ed25519 AAAA a'], ['ssh-ed25519 AAAA a']],
    [['ssh-ed25519 AAAA a\r\n\n  # no\nssh-rsa BBBB b\n'], ['ssh-ed25519 AAAA a', 'ssh-rsa BBBB b']],
    [
      ['from="192.0.2.0/24",command="echo # no comment" ssh-rsa BBBB'],
      ['from="192.0.2.0/24",command="echo # no comment" ssh-rsa BBBB'],
    ],
  ];
  for (const [texts, lines] of rows) t.strictSame(keyLines(texts), lines);
});
