import t from 'tap';
import { fingerprint } from '../../../agent/keys/fingerprint.ts';

t.test('as ssh-keygen -l shows it', async t => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6PZmY8Q7hUu4u7qcDMLJ3SkzLhzNnHXYQrYLkyzxXw';
  t.equal(fingerprint(key), 'SHA256:U7tYwx8gmP987iIcYgWPIGm40JKIUO541mtpqlH/SQs');
  t.equal(fingerprint(`${key} somebody@somewhere\n`), fingerprint(key));
  t.equal(fingerprint(Buffer.from(key.split(' ')[1]!, 'base64')), fingerprint(key));
});
