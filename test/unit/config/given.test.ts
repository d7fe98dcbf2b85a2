import t from 'tap';
import { givenText } from '../../../agent/config/given.ts';

t.test('what makes two configurations the same', async t => {
  const disks = { devices: ['/dev/vda'], key: 'correct horse battery' };
  const one = givenText({ hostName: 'web', disks, ssh: { port: 22, hostKeys: ['KEY'] } });
  const same: [string, unknown][] = [
    ['another order', { ssh: { hostKeys: ['KEY'], port: 22 }, disks, hostName: 'web' }],
    ['another passphrase', { hostName: 'web', disks: { ...disks, key: 'x' }, ssh: { port: 22 } }],
    ['leave to erase', { hostName: 'web', disks: { ...disks, wipe: true }, ssh: { port: 22 } }],
    ['the mode', { mode: 'plan', $schema: 'x', hostName: 'web', disks, ssh: { port: 22 } }],
  ];
  for (const [name, value] of same) t.equal(givenText(value), one, name);
  const different: [string, unknown][] = [
    ['no passphrase', { hostName: 'web', disks: { devices: ['/dev/vda'] }, ssh: { port: 22 } }],
    ['a default written out', { hostName: 'web', disks: { ...disks, layout: 'single' }, ssh: { port: 22 } }],
    ['another disk', { hostName: 'web', disks: { ...disks, devices: ['/dev/vdb'] }, ssh: { port: 22 } }],
  ];
  for (const [name, value] of different) t.not(givenText(value), one, name);
  t.notMatch(one, /horse|KEY/, 'no secret');
  t.equal(givenText({}), '{}');
});
