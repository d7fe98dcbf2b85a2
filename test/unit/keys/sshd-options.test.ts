import t from 'tap';
import { capturedIdentity, type CapturedFiles } from '../../../agent/capture/identity.ts';
import { readPort, readSshdOptions, sshdNotes } from '../../../agent/keys/sshd-options.ts';
import { sshdConfiguration } from '../../../agent/stages/ssh.ts';

const usual = `port 22
listenaddress [::]:22
listenaddress 0.0.0.0:22
hostkeyagent none
authorizedkeyscommand none
authorizedprincipalscommand none
trustedusercakeys none
authorizedprincipalsfile none
authenticationmethods any
hostkey /etc/ssh/ssh_host_ed25519_key
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
`;

const rows: [name: string, more: string, notes: RegExp[]][] = [
  ['as Debian has it', '', []],
  [
    'a command for keys',
    'authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys %u',
    [/AuthorizedKeysCommand \/usr.*this sshd ignores/],
  ],
  ['an agent', 'hostkeyagent /run/agent', [/HostKeyAgent/]],
  ['an authority for root', 'trustedusercakeys /etc/ssh/ca.pub', []],
  [
    'an authority with names of its own',
    'trustedusercakeys /etc/ssh/ca.pub\nauthorizedprincipalsfile /etc/ssh/principals/%u',
    [/certificates by \/etc\/ssh\/ca.pub permit no login here/],
  ],
  ['a second factor', 'authenticationmethods publickey,keyboard-interactive', [/a key alone is enough/]],
  ['one address', 'listenaddress 192.0.2.7:22', [/listens on 192\.0\.2\.7 only/]],
  ['one address of IPv6', 'listenaddress [2001:db8::7]:22', [/listens on 2001:db8::7 only/]],
  ['two ports', 'port 2222', [/ports 22, 2222/]],
  ['a host certificate', 'hostcertificate /etc/ssh/key-cert.pub', [/an installed system does not have them/]],
];

for (const [name, more, notes] of rows) {
  t.test(name, async t => {
    const text = more.startsWith('authenticationmethods')
      ? usual.replace(/^authenticationmethods.*\n/m, '')
      : usual;
    const found = sshdNotes(readSshdOptions(`${text}${more}\n`));
    t.equal(found.length, notes.length, found.join('; '));
    t.match(found, notes);
  });
}

t.test('the port that people know', async t => {
  const none: CapturedFiles = { hostKeys: new Map(), authorizedKeys: null, hostName: null, machineId: null };
  const value = (more: Partial<CapturedFiles>) => capturedIdentity({ ...none, ...more }, 0).value;
  t.strictSame(value({ sshPort: '22\n' }), {});
  t.strictSame(value({ sshPort: '2222\n' }), { ssh: { port: 2222 } });
  t.strictSame(value({ sshPort: '2222\n', comesBackElsewhere: true }), {});
  t.match(capturedIdentity({ ...none, sshPort: '2222' }, 0).notes, [/port 2222, as on the old system/]);
  for (const text of [null, '', '0', '65536', '22 2222', 'x']) t.equal(readPort(text), null, String(text));
  t.equal(sshdConfiguration(22, null, []), 'Port 22\n');
  t.equal(sshdConfiguration(22, 22, []), 'Port 22\n');
  const path = '/etc/ssh/ssh_host_rsa_key-cert.pub';
  t.equal(sshdConfiguration(22, 2222, [path]), `Port 22\nPort 2222\nHostCertificate ${path}\n`);
});
