import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Test } from 'tap';
import { shell, underEachShell } from './shells.ts';

underEachShell('authorized keys come whole, with the names of their files', (t, argv) => {
  const keys =
    '\ufeff# mine\nssh-rsa\tAAAA\tme\r\n\n  from="a b",command="echo \\"\\\\n\\"" ssh-ed25519 AAAA x';
  const directory = t.testdir({ keys, more: 'one\n', directory: {} });
  const names = ['keys', 'none', 'directory', 'more'].map(name => `${directory}/${name}`);
  const { stdout, status } = shell(argv, names.map(name => `authorized_lines ${name}`).join('\n'));
  t.equal(status, 0);
  t.equal(stdout, `#from ${directory}/keys\n${keys}\n#from ${directory}/more\none\n\n`);
});

underEachShell('who logged in, when no variable says so', (t, argv) => {
  const rows: [string, string][] = [
    ['0', ''],
    ['', ''],
    ['4294967295', ''],
    ['1', 'daemon'],
  ];
  for (const [uid, name] of rows) {
    const { status, stdout } = shell(argv, `false || user=$(name_of "${uid}")\nprintf '%s' "$user"`);
    t.equal(status, 0, `user id ${uid}`);
    t.equal(stdout, name, `user id ${uid}`);
  }
});

/** A directory with an sshd that says where its keys are, and those keys. */
function sshdWorld(t: Test) {
  const directory = t.testdir({
    bin: {},
    out: {},
    persist: {
      key: 'private',
      'key.pub': 'ssh-ed25519 AAAA root@old\n',
      other: 'second',
      'key-cert.pub': 'ssh-ed25519-cert-v01@openssh.com AAAA root@old\n',
    },
    home: { me: { '.ssh': { 'authorized keys': '' } } },
    'ca.pub': '# ours\nssh-ed25519 AAAA ca\n',
    keys: { me: 'ssh-ed25519 AAAA me' },
  });
  const text = [
    'port 2222',
    `hostkey ${directory}/persist/key`,
    `hostkey ${directory}/persist/other`,
    `hostkey ${directory}/persist/none`,
    `hostcertificate ${directory}/persist/key-cert.pub`,
    'authorizedkeysfile .ssh/authorized_keys %h/.ssh/more%% /etc/ssh/authorized_keys/%u none',
    `trustedusercakeys ${directory}/ca.pub`,
    'authorizedprincipalsfile none',
  ].join('\n');
  writeFileSync(`${directory}/asked`, '');
  const program = `#!/bin/sh\necho "$*" >>${directory}/asked\ncat <<'END'\n${text}\nEND\n`;
  writeFileSync(`${directory}/bin/sshd`, program, { mode: 0o755 });
  return { directory, env: { PATH: `${directory}/bin:${process.env['PATH']}` } };
}

underEachShell('sshd is asked for host keys, certificates and the port', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const script = `sshd_program=${directory}/bin/sshd; find_sshd() { :; }
capture_sshd ${directory}/out; capture_host_keys ${directory}/out`;
  const { stderr, status } = shell(argv, script, env);
  t.equal(status, 0, stderr);
  const found = readdirSync(`${directory}/out`);
  const [unnamed = ''] = found.filter(name => name.includes('persist'));
  t.strictSame(
    found.filter(name => name !== unnamed),
    ['ssh-port', 'ssh_host_ed25519_key', 'ssh_host_ed25519_key-cert.pub', 'ssh_host_ed25519_key.pub', 'sshd'],
  );
  t.match(unnamed, /^ssh_host_\w+_persist_other_key$/, 'a key without its public half has another name');
  t.equal(readFileSync(`${directory}/out/ssh_host_ed25519_key`, 'utf8'), 'private');
  t.equal(readFileSync(`${directory}/out/ssh-port`, 'utf8'), '2222\n');
  t.match(readFileSync(`${directory}/asked`, 'utf8'), /^-T -C user=root,host=127.0.0.1,addr=127.0.0.1$/m);
});

underEachShell('who is connected says more than the configuration', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const script = `sshd_program=${directory}/bin/sshd; find_sshd() { :; }; capture_sshd ${directory}/out`;
  shell(argv, script, { ...env, SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 2022' });
  t.equal(readFileSync(`${directory}/out/ssh-port`, 'utf8'), '2022\n');
  t.match(
    readFileSync(`${directory}/asked`, 'utf8'),
    /-C user=root,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.7,lport=2022/,
  );
});

underEachShell('sshd is asked once for each user of whom keys are captured', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const script = `sshd_program=${directory}/bin/sshd; find_sshd() { :; }
capture_sshd ${directory}/out
capture_authorized_keys >${directory}/keys-found`;
  t.equal(shell(argv, script, { ...env, SUDO_USER: 'me' }).status, 0);
  const asked = readFileSync(`${directory}/asked`, 'utf8').match(/(?<=user=)\w+/g);
  t.same(asked, ['root', 'me']);
});

underEachShell('where sshd looks for the keys of a user, and its authorities', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const ask = `sshd_program=${directory}/bin/sshd`;
  const { stdout } = shell(argv, `${ask}; user_key_files me '/home/me'; authority_lines`, env);
  t.strictSame(stdout.split('\n'), [
    '/home/me/.ssh/authorized_keys',
    '/home/me/.ssh/more%',
    '/etc/ssh/authorized_keys/me',
    `#from ${directory}/ca.pub`,
    '# ours',
    'cert-authority ssh-ed25519 AAAA ca',
    '',
  ]);
  const without = shell(argv, "sshd_program=''; user_key_files me /home/me; authority_lines", env);
  t.strictSame(without.stdout.split('\n'), [
    '/home/me/.ssh/authorized_keys',
    '/home/me/.ssh/authorized_keys2',
    '/etc/ssh/authorized_keys.d/me',
    '',
  ]);
});

underEachShell('which processes are SSH servers', (t, argv) => {
  const forged = 'x\n /proc/evil dir/exe -> /sshd';
  const directory = t.testdir({ 'a b': {} });
  mkdirSync(dirname(`${directory}/${forged}`), { recursive: true });
  const started = ['sshd', 'sshd-session', 'a b/dropbear', 'mysshd', forged].map(name => {
    copyFileSync('/bin/sleep', `${directory}/${name}`);
    return spawn(`${directory}/${name}`, ['60'], { stdio: 'ignore' });
  });
  const links = started.map(({ pid }) => `/proc/${pid}/exe`);
  try {
    const tastes: Record<string, string>[] = [{}, { QUOTING_STYLE: 'c' }, { TIME_STYLE: 'none' }];
    for (const taste of tastes) {
      const found = shell(argv, 'list_servers', taste).stdout.trimEnd().split('\n');
      t.strictSame(
        links.slice(0, 4).map(link => found.includes(link)),
        [true, true, true, false],
      );
      // Some kinds of ls write the line break of the last one, others "?": it may be one of them, but its words are not.
      for (const link of found) t.match(link, /^\/proc\/\d+\/exe$/);
    }
  } finally {
    for (const process of started) process.kill();
  }
});

underEachShell('how the running sshd was started', (t, argv) => {
  const rows: [string, string][] = [
    ['sshd\0-D\0-f\0/etc/other\0-p\x002222\0', ' -f /etc/other -p 2222'],
    ['sshd: /usr/sbin/sshd -D -f/x -o Port=1 [listener] 0 of 10-100 startups', ' -f/x -o Port=1'],
    ['sshd: root@pts/0', ''],
    ['', ''],
  ];
  for (const [text, options] of rows) {
    const directory = t.testdir({ cmdline: text });
    const { stdout } = shell(argv, `sshd_arguments ${directory}/cmdline; printf %s "$sshd_options"`);
    t.equal(stdout, options, text);
  }
});
