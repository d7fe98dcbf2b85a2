import t from 'tap';
import { asksForKey, keyFaults, keyFilesReadBy } from '../../../../agent/plan/disko/keys.ts';
import { diskoScripts } from '../../../vm/guests/disko-scripts.ts';

t.test('files that a script reads its keys from', async t => {
  const rows: [name: string, text: string, expected: string[]][] = [
    ['a file of cryptsetup', 'cryptsetup -q luksFormat "/dev/x" --key-file /run/keys/disk.key \\\n --pbkdf argon2id', ['/run/keys/disk.key']],
    ['with an equals sign, in quotes', `cryptsetup open /dev/x y --key-file='/tmp/k'`, ['/tmp/k']],
    ['a passphrase without its line break', 'cryptsetup open x y --key-file <(set +x; echo -n "$(cat /tmp/disk.key)"; set -x)', ['/tmp/disk.key']],
    ['one more key', 'cryptsetup luksAddKey "/dev/x" /tmp/second.key --key-file /tmp/first.key', ['/tmp/first.key', '/tmp/second.key']],
    ['of a dataset', "zfs create -up tank/root \\\n  -o keyformat=passphrase -o keylocation='file:///tmp/zfs.key'", ['/tmp/zfs.key']],
    ['once each', 'zfs create -o keylocation=file:///tmp/k a\nzfs set -u keylocation=file:///tmp/k a', ['/tmp/k']],
    ['in the store, or random', 'cryptsetup open x y --key-file /dev/urandom', ['/dev/urandom']],
    ['that a hook writes', 'echo secret >/tmp/k\ncryptsetup open x y --key-file /tmp/k', []],
    ['that a hook downloads', 'fetch --output "/tmp/k" server\ncryptsetup open x y --key-file /tmp/k', []],
    ['settings alone', "passwordFile=/tmp/a\nkeyFile=''\ndeclare -A settings=([keyFile]=/tmp/b)\ndeclare -a additionalKeyFiles=('/tmp/c')", []],
    ['settings beside a reading', 'passwordFile=/tmp/a\ncryptsetup open x y --key-file <(echo -n "$(cat /tmp/a)")', ['/tmp/a']],
    ['a comment', '# cryptsetup open x y --key-file /tmp/k', []],
    ['lists of the script itself', 'readarray -t devices < <(cat "$disko_devices_dir/zfs_tank")', []],
    ['nothing', '', []],
  ]; // prettier-ignore
  for (const [name, text, expected] of rows) t.same(keyFilesReadBy(text), expected, name);
  for (const [name, { text }] of Object.entries(diskoScripts))
    t.same(keyFilesReadBy(text), ['luks', 'zfs'].includes(name) ? ['/tmp/disk.key'] : [], name);
});

t.test('scripts that ask', async t => {
  const rows: [name: string, text: string, asks: boolean][] = [
    ['bash, without echo', 'until ask; do\n  IFS= read -r -s "$var"\ndone', true],
    ['options together', 'read -rsp "Passphrase: " password', true],
    ['a list', "IFS=' ' read -r -a devices <<< \"$devs\"", false],
    ['a setting', "askPassword=''\nprompt='read -s'", false],
    ['a dataset whose key ZFS asks for', 'zfs create -up tank/root \\\n  -o encryption=on -o keyformat=passphrase \\\n  -o keylocation=prompt', true],
    ['by default', 'zpool create -f tank -O encryption=on -O keyformat=passphrase -O mountpoint=none /dev/x', true],
    ['in quotes', "zfs create a -o keyformat='passphrase' -o keylocation='prompt'", true],
    ['from a file', 'zfs create a -o keyformat=raw -o keylocation=file:///tmp/k', false],
    ['in quotes, from a file', "zfs create a -o keyformat='raw' -o keylocation='file:///tmp/k'", false],
    ['asked for from the next start on', 'zfs create a -o keyformat=raw -o keylocation=file:///tmp/k\nzfs set keylocation=prompt a', false],
    ['not encrypted', 'zfs create a -o mountpoint=legacy', false],
  ]; // prettier-ignore
  for (const [name, text, asks] of rows) t.equal(asksForKey(text), asks, name);
  for (const [name, { text }] of Object.entries(diskoScripts)) t.equal(asksForKey(text), false, name);
});

t.test('what is refused', async t => {
  t.same(keyFaults([], false), []);
  t.match(keyFaults(['/tmp/k', '/etc/k'], true), [
    { code: 'DISKO_KEY', problem: /reads "\/tmp\/k"/, remedy: /^give the file as disks\.keyFiles/ },
    { code: 'DISKO_KEY', problem: /reads "\/etc\/k"/, remedy: /below \/tmp/ },
    { code: 'DISKO_KEY', problem: /asks for a passphrase/, remedy: /disks\.keyFiles/ },
  ]);
});
