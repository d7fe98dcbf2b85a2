import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { machine, program, start, unlock, type Machine, type State } from './unlock-machine.ts';

/** `unlock` in every shell that may be its /bin/sh. */

const right = ' right "$(reboot)" \\ ü ';

/** A machine whose stage 1 asks for the passphrase of rpool. */
const asking: State = {
  'pools/rpool': 'ONLINE\n',
  'imported/rpool': '',
  'passphrase/rpool': `${right}\n`,
  'units/zfs-import-rpool.service': 'activating\n',
  'units/initrd-fs.target': 'inactive\n',
};
const emergency: State = {
  ...asking,
  'units/zfs-import-rpool.service': 'failed\n',
  'units/emergency.service': 'active\n',
};

const notImported: State = { ...emergency, 'imported/rpool': null };

const noTerminal = 'Without a terminal ("ssh -t"), a passphrase is shown while it is typed.\n';
const wrong =
  "Passphrase for rpool: \nThis is not the passphrase of rpool: Key load error: Incorrect key provided for 'rpool'.\n";
const fits = 'Passphrase for rpool: \nrpool is unlocked.\n';
const boots = 'This machine boots.\n';
const restart = 'systemctl --no-block restart zfs-import-rpool.service';
const isolate = 'systemctl --no-block isolate initrd.target';
const ofSystemd = (on: Machine) => on.calls().filter(call => call.startsWith('systemctl --no-block'));

interface Row {
  name: string;
  state: State;
  pools?: string[];
  /** All that is typed; null: nothing, while the connection stays. */
  input?: string | null;
  code?: number;
  out: string | RegExp[];
  /** What systemd is asked for. */
  systemd?: string[];
}

/** Stage 1 has mounted everything, and looks for the system. */
const mounted: State = { 'units/zfs-import-rpool.service': 'active\n', 'units/initrd-fs.target': 'active\n' };
const notEnding =
  'Stage 1 has mounted the file systems, but does not come to its end; "unlock" tries again. What failed (journalctl -b -u UNIT):\n';
const notFound = `${notEnding}initrd-find-nixos-closure.service loaded failed failed\n`;
const partitions = '254 0 4194304 vda';
// prettier-ignore
const rows: Row[] = [
  { name: 'the right one, beside a prompt of stage 1', state: asking, input: `${right}\n`, out: fits + boots, systemd: [restart] },
  { name: 'wrong more often than stage 1 asks', state: asking, input: `${'x\n'.repeat(4)}${right}\n`, out: wrong.repeat(4) + fits + boots, systemd: [restart] },
  { name: 'an empty line', state: asking, input: `\n${right}\n`, out: wrong + fits + boots, systemd: [restart] },
  { name: 'stage 1 has given up', state: emergency, input: `${right}\n`, out: fits + boots, systemd: [isolate] },
  { name: 'systemd is just starting emergency.target', state: { ...emergency, irreversible: '' }, input: `${right}\n`, out: fits + boots, systemd: [isolate, isolate] },
  { name: 'nobody answers', state: asking, code: 1, out: 'Passphrase for rpool: \nNo passphrase was given; "unlock" asks again.\n', systemd: [] },
  { name: 'a file whose last line has no newline', state: asking, input: right, out: fits + boots, systemd: [restart] },
  { name: 'the key was loaded by hand, stage 1 has given up', state: { ...emergency, 'loaded/rpool': '' }, out: boots, systemd: [isolate] },
  { name: 'unlocked at the console', state: { ...asking, 'after/3': 'mkdir "$state/loaded" && : >"$state/loaded/rpool"; start zfs-import-rpool.service' }, input: null, out: `Passphrase for rpool: \nrpool was unlocked in the meantime.\n${boots}`, systemd: [] },
  { name: 'nothing is encrypted', state: { ...asking, 'loaded/rpool': '', 'units/initrd-fs.target': 'active\n', 'units/initrd.target': 'active\n' }, out: boots, systemd: [] },
  { name: 'two pools, two passphrases', state: { ...asking, 'pools/tank': 'ONLINE\n', 'imported/tank': '', 'passphrase/tank': 'other\n', 'units/zfs-import-tank.service': 'inactive\n' }, pools: ['rpool', 'tank'], input: `${right}\nother\n`, out: `${fits}Passphrase for tank: \ntank is unlocked.\n${boots}`, systemd: [restart, isolate] },
  { name: 'a key in a file that is not there', state: { ...asking, 'location/rpool': 'file:///key\n' }, input: `${right}\n`, out: `Key load error: Failed to open key material file: No such file or directory\n${fits}${boots}`, systemd: [restart] },
  { name: 'not yet imported', state: notImported, input: `${right}\n`, out: fits + boots, systemd: [isolate] },
  { name: 'a disk comes late', state: { ...asking, 'imported/rpool': null, 'pools/rpool': 'DEGRADED\n', 'after/4': 'echo ONLINE >"$state/pools/rpool"' }, input: `${right}\n`, out: `Waiting for the disks of rpool, which is DEGRADED.\n${fits}${boots}`, systemd: [restart] },
  { name: 'a disk does not come', state: { ...notImported, 'pools/rpool': 'DEGRADED\n' }, input: `${right}\n`, out: `Waiting for the disks of rpool, which is DEGRADED.\nrpool is DEGRADED. What cannot be used:\n  1234 UNAVAIL 0 0 0  was /dev/disk/by-partuuid/2\n${fits}${boots}`, systemd: [isolate] },
  { name: 'too few disks', state: { ...notImported, 'pools/rpool': 'UNAVAIL\n' }, input: `${right}\n`, code: 1, out: [/^rpool is UNAVAIL\. cannot import 'rpool': one or more devices is currently unavailable\nWhat cannot be used:\n {2}rpool UNAVAIL\n {2}1234 UNAVAIL/m, /run "unlock" again/], systemd: [] },
  { name: 'no disk', state: { ...notImported, 'pools/rpool': null }, input: `${right}\n`, code: 1, out: [new RegExp(`^No disk has the pool rpool\\..*\n${partitions}$`, 'm'), /run "unlock" again/], systemd: [] },
  { name: 'another host id', state: { ...asking, 'imported/rpool': null, 'pools/rpool': 'foreign\n' }, input: `${right}\n`, code: 1, out: [/previously in use from another system\.\nLast accessed by web-09 \(hostid=deadbeef\)/, /This machine's host id is c0ffee01\./, /^ {2}zpool import -f -N -d \/dev\/disk\/by-partuuid rpool && unlock$/m], systemd: [] },
  { name: 'a mount fails', state: { ...emergency, broken: '', 'units/sysroot-nix.mount': 'failed\n' }, input: `${right}\n`, code: 1, out: [/rpool is unlocked\.\nStage 1 does not mount the file systems; "unlock" tries again\./, /^sysroot-nix\.mount loaded failed/m], systemd: [isolate] },
  { name: 'stage 1 failed after the mounts', state: { ...emergency, gone: '', 'loaded/rpool': '', ...mounted, 'units/initrd-find-nixos-closure.service': 'failed\n' }, code: 1, out: notFound, systemd: [isolate] },
  { name: 'the system of the boot entry is gone', state: { ...asking, gone: '', 'units/initrd-find-nixos-closure.service': 'failed\n' }, input: `${right}\n`, code: 1, out: `${fits}${notFound}`, systemd: [restart, isolate] },
  { name: 'stage 1 looks for the system for a while', state: { ...asking, 'loaded/rpool': '', ...mounted, 'after/12': 'set_unit initrd.target active' }, out: boots, systemd: [] },
  { name: 'the system is being activated', state: { ...asking, 'loaded/rpool': '', ...mounted, 'units/initrd-switch-root.target': 'active\n' }, out: boots, systemd: [] },
  { name: 'a suspended pool', state: { ...asking, 'pools/rpool': 'SUSPENDED\n' }, input: `${right}\n`, code: 1, out: 'rpool is SUSPENDED. What cannot be used:\n  1234 UNAVAIL 0 0 0  was /dev/disk/by-partuuid/2\nAttach it, and run: zpool clear rpool && unlock\n', systemd: [] },
  { name: 'a key at an address that does not answer', state: { ...asking, 'location/rpool': 'https://keys.example.org/rpool\n', silent: '' }, input: `${right}\n`, out: `No answer from https://keys.example.org/rpool.\n${fits}${boots}`, systemd: [restart] },
  { name: 'LUKS alone: the agent asks until it fits', state: { 'units/systemd-cryptsetup@root.service': 'failed\n', 'units/initrd-fs.target': 'inactive\n', 'units/emergency.service': 'active\n' }, pools: [], out: boots, systemd: ['systemctl --no-block start systemd-cryptsetup@root.service', isolate] },
];

/** All rows in one shell. @param argv starts it, before the program */
export function unlockIn(shellName: string, argv: readonly string[]): void {
  const shell = argv.join(' ');
  for (const row of rows) {
    t.test(`${shellName}: ${row.name}`, async t => {
      const on = machine(t, row.state, row.pools);
      const { code, out, err } = await unlock(argv, on, row.input === undefined ? '' : row.input);
      t.equal(code, row.code ?? 0, out);
      for (const wanted of [row.out].flat()) t.match(out, wanted);
      if (typeof row.out === 'string') t.equal(out, row.out);
      t.equal(err, noTerminal);
      t.same(ofSystemd(on), row.systemd);
      const calls = on.calls().join('\n');
      t.notMatch(calls, /right|reboot/, 'no program has the passphrase among its arguments');
      t.notMatch(calls, /zpool import.* -f/, 'the host id counts');
      t.same(readdirSync(join(on.root, 'run')), [], 'nothing is left behind');
    });
  }

  t.test(`${shellName}: two people at once, one of them late`, async t => {
    const on = machine(t, emergency);
    const [first, second] = [start(argv, on), start(argv, on)];
    await Promise.all([first, second].map(each => each.says(/Passphrase for rpool: $/)));
    second.type('wrong\n');
    await second.says(/This is not the passphrase of rpool.*\nPassphrase for rpool: $/);
    await on.reaches(15);
    first.type(`${right}\n`);
    t.match(await first.ended, { code: 0, out: fits + boots });
    t.match(await second.ended, {
      code: 0,
      out: `${wrong}Passphrase for rpool: \nrpool was unlocked in the meantime.\n${boots}`,
    });
    t.same(ofSystemd(on), [isolate], 'one of them continues the boot');
  });

  t.test(
    `${shellName}: who unlocked it goes away before the boot continues; the other takes over`,
    async t => {
      const on = machine(t, asking);
      const second = start(argv, on);
      await second.says(/Passphrase for rpool: $/);
      mkdirSync(join(on.root, 'state/loaded'));
      writeFileSync(join(on.root, 'state/loaded/rpool'), '');
      t.match(await second.ended, {
        code: 0,
        out: /rpool was unlocked in the meantime\.\nThis machine boots\.\n$/,
      });
      t.same(ofSystemd(on), [restart]);
    },
  );

  t.test(`${shellName}: what ends it`, async t => {
    const rows: [string, NodeJS.Signals, State, RegExp, number][] = [
      ['the connection, while it asks', 'SIGHUP', asking, /Passphrase for rpool: $/, 1],
      ['Ctrl-C', 'SIGINT', asking, /Passphrase for rpool: $/, 130],
      [
        'systemd, which enters the new root',
        'SIGTERM',
        { ...asking, 'loaded/rpool': '' },
        /^This machine boots\.\n$/,
        0,
      ],
    ];
    for (const [name, signal, state, out, code] of rows) {
      const on = machine(t, state);
      const unlocking = start(argv, on);
      await on.reaches(2);
      unlocking.kill(signal);
      t.match(await unlocking.ended, { code, out }, name);
      t.same(readdirSync(join(on.root, 'run')), [], name);
    }
  });

  t.test(`${shellName}: every wait has a limit`, async t => {
    const rows: [string, State, string, string][] = [
      ['a prompt that nobody answers', asking, 'prompt', 'No passphrase was given; "unlock" asks again.\n'],
      ['stage 1 does not end', { ...asking, 'loaded/rpool': '', ...mounted }, 'boot', notEnding],
    ];
    for (const [name, state, limit, out] of rows) {
      const on = machine(t, state);
      const hurried = join(on.root, 'unlock');
      const shorter = [new RegExp(`${limit}_limit=\\d+`), `${limit}_limit=3`] as const;
      writeFileSync(hurried, readFileSync(program, 'utf8').replace(...shorter));
      t.match(await start(argv, on, hurried).ended, { code: 1, out }, name);
    }
  });

  t.test(`${shellName}: a terminal shows no passphrase, and has its echo afterwards`, async t => {
    const on = machine(t, asking);
    const command = `${shell} ${program}; stty -a`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: `${on.root}/bin:/usr/bin:/bin`, UNLOCK_ROOT: on.root, SHELL: '/bin/sh' },
    });
    let out = '';
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
      if (/Passphrase for rpool: $/.test(out))
        child.stdin.write(`${out.includes('not the') ? right : 'mistyped'}\n`);
    });
    await new Promise(resolve => child.on('close', resolve));
    t.match(out, /This is not the passphrase[^]*rpool is unlocked\.\r\nThis machine boots\./);
    t.notMatch(out, /mistyped|reboot/);
    t.match(out, / echo /);
    t.notMatch(out, /Without a terminal/);
  });

  t.test(
    `${shellName}: who goes on typing when somebody else was faster is not shown, and no shell gets it`,
    async t => {
      const faster =
        'mkdir "$state/loaded" && : >"$state/loaded/rpool"; set_unit zfs-import-rpool.service active';
      const on = machine(t, { ...asking, 'after/3': faster });
      const command = `${shell} ${program}; /usr/bin/timeout --foreground 1 head -n 1 | sed 's/.*/a shell got it/'; stty -a`;
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        env: { PATH: `${on.root}/bin:/usr/bin:/bin`, UNLOCK_ROOT: on.root, SHELL: '/bin/sh' },
      });
      let out = '';
      child.stdout.on('data', (bytes: Buffer) => {
        const before = out;
        out += bytes.toString();
        if (!/meantime/.test(out) || /meantime/.test(before)) return;
        child.stdin.write('mistyped\n');
        void setTimeout(300).then(() =>
          writeFileSync(join(on.root, 'state/units/initrd.target'), 'active\n'),
        );
      });
      await new Promise(resolve => child.on('close', resolve));
      t.match(out, /in the meantime\.\r\nThis machine boots\./);
      t.notMatch(out, /mistyped|a shell got it/);
      t.match(out, / icanon .* echo /s);
    },
  );
}
