import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { walk } from '../../../../agent/host/files.ts';
import { readCaptured } from '../../../../agent/host/old-system/captured.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { modules } from '../../../../agent/plan/host-flake/templates.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { doorsTo } from '../../../support/doors.ts';
import { machines } from '../machines.ts';

/** nix/host-flake/rescue.sh itself, on small file systems in RAM, with GNU's programs and with busybox's. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/bin/cpio': 'cpio', '/usr/bin/unshare': 'util-linux' }); // prettier-ignore

const { config, facts, storage } = machines['bios-static'];
const machineText = JSON.stringify(runtimeInfo(config, facts, storage));
const authorized = `from="192.0.2.0/24" ${publicKeyOf('one')}\n`;
const shells = { GNU: ['bash'], busybox: ['busybox', 'sh'] } as const;

interface Step {
  arguments: string;
  /** Before it: commands in which $A and $B are the ESPs. */
  before?: string;
  package?: string;
  systemdBoot?: boolean;
  system?: string;
}

/** Runs the steps one after the other on two ESPs of `mib`; what each ESP holds at the end lies in root/a and root/b. */
function run(root: string, kind: keyof typeof shells, steps: readonly Step[], mib = 8) {
  const applets = `${root}/applets`;
  mkdirSync(applets, { recursive: true });
  spawnSync('busybox', ['--install', '-s', applets]);
  spawnSync('ln', ['-s', '/usr/bin/mountpoint', applets]);
  for (const name of ['a', 'b', 'A', 'B', 'run', 'package'])
    mkdirSync(`${root}/${name}`, { recursive: true });
  writeFileSync(`${root}/machine.json`, machineText);
  writeFileSync(`${root}/keys`, authorized);
  writeFileSync(`${root}/host-key`, 'PRIVATE');
  mkdirSync(`${root}/programs`);
  const PATH = `${root}/programs:${kind === 'GNU' ? '/usr/bin:/bin:/usr/sbin' : applets}`;
  const scripts = steps.map(
    ({ arguments: argv, before = ':', package: own = '', systemdBoot = true, system: id = '' }, index) => {
      const head = [
        `PATH=${PATH}`,
        `machine=${root}/machine.json keys=${root}/keys host_keys=${root}/host-key`,
        `options='dabei.rescue console=tty0' package='${own}' systemd_boot=${systemdBoot ? 'yes' : "''"} system=${id} pool=rpool`,
      ];
      const text = modules['rescue.sh'].replaceAll('/run/dabei-rescue', `${root}/run/dabei-rescue`);
      writeFileSync(`${root}/step-${index}`, [...head, text].join('\n'));
      return `A=${root}/A B=${root}/B; ${before}\n${shells[kind].join(' ')} ${root}/step-${index} ${argv}; echo "exit $?"`;
    },
  );
  const script = [
    ...['A', 'B'].map(esp => `mount -t tmpfs -o size=${mib}m tmpfs ${root}/${esp}`),
    `cd ${root}`,
    ...scripts,
    `cp -a A/. a; cp -a B/. b`,
  ];
  const result = spawnSync('unshare', ['--mount', 'bash', '-c', script.join('\n')], { encoding: 'utf8', timeout: 120_000 }); // prettier-ignore
  return {
    said: result.stderr.replaceAll(root, ''),
    exits: result.stdout.replaceAll(/exit |\n/g, ''),
    files: (esp: string) => walk(`${root}/${esp}`),
  };
}

const system =
  'for esp in $A $B; do mkdir -p $esp/dabei/one; for file in bzImage initrd about; do echo $file >$esp/dabei/one/$file; done; done';
/** Files that stay take the inodes which the next files would have. */
const otherInodes = 'for i in 1 2 3; do mkdir run/stays-$i && touch run/stays-$i/file; done';
const whole = [
  'dabei/one/about',
  'dabei/one/bzImage',
  'dabei/one/initrd',
  'dabei/rescue.cpio',
  'loader/entries/nix-dabei.conf',
];

for (const kind of Object.keys(shells) as (keyof typeof shells)[]) {
  t.test(`${kind}: the entry on both ESPs, and what the rescue system reads of it`, async t => {
    const root = t.testdir();
    const { said, exits, files } = run(root, kind, [
      { arguments: 'write A B', before: system },
      { arguments: 'write A B', before: `stat -c %i A/dabei/rescue.cpio >inode; ${otherInodes}` },
      { arguments: 'write A B', before: 'stat -c %i A/dabei/rescue.cpio >again' },
    ]);
    t.equal(said, '');
    t.equal(exits, '000');
    t.equal(
      readFileSync(`${root}/inode`, 'utf8'),
      readFileSync(`${root}/again`, 'utf8'),
      'the same is not written again',
    );
    for (const esp of ['a', 'b']) t.same(files(esp), whole);
    t.equal(
      readFileSync(`${root}/a/loader/entries/nix-dabei.conf`, 'utf8'),
      `title nix-dabei rescue
sort-key zz-nix-dabei
linux /dabei/one/bzImage
initrd /dabei/one/initrd
initrd /dabei/rescue.cpio
options dabei.rescue console=tty0
`,
    );
    t.notOk(
      walk(`${root}/run`).some(path => path.includes('dabei-rescue')),
      'no private key is left',
    );
    const boot = `${root}/boot`;
    mkdirSync(boot);
    spawnSync('cpio', ['--extract', '--quiet'], {
      cwd: boot,
      input: readFileSync(`${root}/a/dabei/rescue.cpio`),
    });
    t.same(walk(boot), [
      'dabei/capture/ssh-port',
      'dabei/machine.json',
      'ssh/authorized_keys',
      'ssh/ssh_host_1_key',
    ]);
    t.equal(statSync(`${boot}/ssh/ssh_host_1_key`).mode & 0o777, 0o600);
    t.equal(statSync(`${boot}/ssh`).mode & 0o777, 0o700);
    const { value } = readCaptured(doorsTo('/'), boot);
    t.match(value, {
      hostName: config.hostName,
      ssh: { port: 2222 },
      rootAuthorizedKeys: [authorized.trim()],
    });
  });

  t.test(`${kind}: a kernel of another architecture`, async t => {
    for (const systemdBoot of [true, false]) {
      const root = t.testdir();
      const own = (text: string) => text.replaceAll('bzImage', 'vmlinuz.efi');
      const { said, exits, files } = run(root, kind, [
        { arguments: 'write A', before: own(system), systemdBoot },
      ]);
      t.same([said, exits], ['', '0']);
      const entry = systemdBoot ? 'loader/entries/nix-dabei.conf' : 'dabei/grub.cfg';
      t.same(files('a'), [...whole.slice(0, -1).map(own), entry].sort());
      t.match(readFileSync(`${root}/a/${entry}`, 'utf8'), /^linux \/dabei\/one\/vmlinuz\.efi( |$)/m);
    }
  });

  t.test(`${kind}: keys and addresses that change`, async t => {
    const root = t.testdir();
    const { exits } = run(root, kind, [
      { arguments: 'write A B', before: system },
      { arguments: 'write A B', before: `echo '${publicKeyOf('two')}' >keys; cp A/dabei/rescue.cpio old` },
    ]);
    t.equal(exits, '00');
    const text = (name: string) => readFileSync(`${root}/${name}`, 'latin1');
    const [one, two] = ['one', 'two'].map(name => publicKeyOf(name).split(' ')[1]!) as [string, string];
    t.ok(text('old').includes(one) && text('a/dabei/rescue.cpio').includes(two));
    for (const esp of ['a', 'b'])
      t.notOk(text(`${esp}/dabei/rescue.cpio`).includes(one), 'a revoked key is gone');
  });

  const rows: [name: string, steps: Step[], a: string[], said: RegExp, exits?: string][] = [
    ['for GRUB', [{ arguments: 'write A', before: system, systemdBoot: false }], ['dabei/grub.cfg', ...whole.slice(0, 4)], /^$/],
    ['an ESP without the system', [{ arguments: 'write A' }], [], /no rescue system on A: set dabei\.rescue\.package/],
    ['an entry without its files is taken away', [{ arguments: 'write A', before: system }, { arguments: 'write A', before: 'rm $A/dabei/one/initrd' }], [], /no rescue system on A/, '00'],
    ['from a package', [{ arguments: 'write A', before: 'echo new >package/bzImage; echo new >package/initrd', package: 'package' }], whole.map(path => path.replace('one', '3463de811d7d')), /^$/],
    ['from a package, in place of another', [{ arguments: 'write A', before: system }, { arguments: 'write A', before: 'echo new >package/bzImage; echo new >package/initrd', package: 'package' }], whole.map(path => path.replace('one', '3463de811d7d')), /^$/, '00'],
    ['a package that has no room beside the older system', [{ arguments: 'write A', before: `${system}; echo k >package/bzImage; head -c 9000000 /dev/zero >package/initrd`, package: 'package' }], whole, /no room on A for another rescue system; what is there stays, and the system's own generations come first/],
    ['a package that has no room at all', [{ arguments: 'write A', before: `echo k >package/bzImage; head -c 9000000 /dev/zero >package/initrd`, package: 'package' }], [], /no room on A/],
    ['not mounted', [{ arguments: 'write run', before: system }], whole.slice(0, 3), /run is not mounted: its rescue entry stays/],
    ['no host key', [{ arguments: 'write A', before: `${system}; rm host-key` }], whole, /there is no .*host-key, so the rescue system will have a host key that nobody knows/],
    ['no keys: nothing is written', [{ arguments: 'write A', before: `${system}; rm keys` }], whole.slice(0, 3), /the archive of the rescue entry cannot be made/, '1'],
    ['removed', [{ arguments: 'write A', before: system }, { arguments: 'remove A B', before: 'echo x >$A/dabei/4-install.json' }], ['dabei/4-install.json'], /^$/, '00'],
    ['renewed', [{ arguments: 'write A', before: system }, { arguments: 'renew A', before: 'cp -r $A/dabei/one $A/dabei/two', system: 'two' }], whole.map(path => path.replace('one', 'two')).sort(), /^$/, '00'],
    ['renewed, where the new system is not whole', [{ arguments: 'write A', before: system }, { arguments: 'renew A', before: 'mkdir $A/dabei/two', system: 'two' }], whole, /A has no rescue entry/, '00'],
    ['nothing to renew', [{ arguments: 'renew A', before: 'mkdir -p $A/dabei', system: 'two' }], [], /A has no rescue entry/],
  ]; // prettier-ignore
  for (const [name, steps, a, said, exits = '0'] of rows) {
    t.test(`${kind}: ${name}`, async t => {
      const found = run(t.testdir(), kind, steps);
      t.match(found.said.replaceAll('\n', ' '), said);
      t.equal(found.exits, exits);
      t.same(found.files('a'), a);
    });
  }

  t.test(`${kind}: a password of GRUB does not keep the machine from its rescue system`, async t => {
    const root = t.testdir();
    run(root, kind, [{ arguments: 'write A', before: system, systemdBoot: false }]);
    const entry = readFileSync(`${root}/a/dabei/grub.cfg`, 'utf8');
    t.match(entry, /^menuentry "nix-dabei rescue" --id nix-dabei --unrestricted \{$/m);
  });

  t.test(`${kind}: features of the pool that the rescue system does not have`, async t => {
    const lines = [
      'size 1G',
      'feature@a active',
      'feature@b active',
      'feature@c enabled',
      'feature@d active',
    ];
    const zpool = `printf '#!/bin/sh\\nprintf "${lines.map(line => line.replace(' ', '\\\\t')).join('\\\\n')}\\\\n"\\n' >programs/zpool; chmod +x programs/zpool`;
    const knows = 'for esp in $A $B; do echo "zfs-features a c" >$esp/dabei/one/about; done';
    const all = run(t.testdir(), kind, [{ arguments: 'write A B', before: `${system}; ${knows}; ${zpool}` }]);
    t.match(all.said.split('\n'), [
      /rpool uses features that the rescue system does not have.*: b, d; renew/,
      '',
    ]);
    t.equal(all.exits, '0');

    const unknown = run(t.testdir({ empty: {} }), kind, [
      { arguments: 'write A B', before: `${system}; ${zpool}` },
      { arguments: 'write A B', before: ': >$A/dabei/one/about' },
    ]);
    t.match(
      unknown.said.trim().split('\n'),
      [
        /nothing is known of the ZFS of the rescue system.*whether it can open the pool rpool/,
        /nothing is known/,
      ],
      'once for all ESPs, each time',
    );
    t.equal(unknown.exits, '00');
  });

  const toplevel = (kernel: number, initrd: number) =>
    `mkdir -p top store; head -c ${kernel} /dev/zero >store/kernel; ln -s ../store/kernel top/kernel; head -c ${initrd} /dev/zero >top/initrd`;
  const room: [name: string, before: string, stays: boolean, said: RegExp][] = [
    ['enough', toplevel(1e6, 4e6), true, /^$/],
    ['too little: it gives way', toplevel(1e6, 7e6), false, /A has 7 MiB free and the new generation needs 8: the rescue system gives way/],
    ['too little, but it is the default', `${toplevel(1e6, 7e6)}; mkdir -p $A/loader; echo 'default nix-dabei.conf' >$A/loader/loader.conf`, true, /the rescue system is the default/],
    ['too little, but a trial of GRUB has it as its default', `${toplevel(1e6, 7e6)}; mkdir -p $A/grub; printf '# GRUB Environment Block\ndabei_trial=started\n####' >$A/grub/grubenv`, true, /the rescue system is the default/],
    ['another default', `${toplevel(1e6, 7e6)}; mkdir -p $A/loader; printf 'timeout 5\ndefault nixos-1.conf\n' >$A/loader/loader.conf`, false, /gives way/],
    ['nothing of it is there', `${toplevel(1e6, 9e6)}; rm -r $A/dabei`, false, /^$/],
  ]; // prettier-ignore
  for (const [name, before, stays, said] of room) {
    t.test(`${kind}: room: ${name}`, async t => {
      const root = t.testdir();
      const found = run(root, kind, [
        { arguments: 'write A B', before: system },
        { arguments: 'room top A', before },
      ]);
      t.match(found.said, said);
      t.equal(found.exits, '00');
      t.equal(existsSync(`${root}/a/loader/entries/nix-dabei.conf`), stays || name.startsWith('nothing'));
      t.equal(existsSync(`${root}/a/dabei/one/initrd`), stays);
    });
  }
}
