import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import t from 'tap';
import {
  bootFiles,
  decideTrial,
  grubEntry,
  parseTrial,
  withoutTrialDefault,
} from '../../../../agent/plan/rescue/trial.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { run, shells, type Files, type Kind, type World } from '../../../support/rescue/trial-program.ts';

/** nix/host-flake/trial-*.sh themselves, on directories as ESPs, with GNU's programs and with busybox's. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/bin/unshare': 'util-linux', '/usr/bin/grub-editenv': 'grub-common' }); // prettier-ignore

const kinds = Object.keys(shells) as Kind[];

const loaderConf = 'timeout 5\ndefault nixos-aa.conf\nconsole-mode keep\n';
const options = 'init=/nix/store/x-nixos/init loglevel=4';
const systemdBoot = (state: string | null, conf = loaderConf): Files => ({
  ...(state === null ? {} : { 'dabei/trial': state }),
  'dabei/rescue.cpio': 'c',
  'loader/loader.conf': conf,
  'loader/entries/nixos-aa.conf': `title NixOS\nsort-key nixos\nversion Generation 1 NixOS\nlinux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions ${options}\n`,
  'loader/entries/nix-dabei.conf': 'title nix-dabei rescue\n',
});
const grubConfig = `if [ "\${next_entry}" ]; then
  set default="\${next_entry}"
else
  set default=0
fi
menuentry "NixOS - Default" --class nixos --unrestricted {
search --set=drive1 --fs-uuid 0000-0000
  linux ($drive1)//kernels/k-bzImage ${options}
  initrd ($drive1)//kernels/i-initrd
}
submenu "NixOS - All configurations" --class submenu {
menuentry "NixOS - Configuration 1" {
  linux ($drive1)//kernels/k-bzImage ${options}
}
}
`;
const grubenv = (text: string) => `# GRUB Environment Block\n${text}`.padEnd(1024, '#');
const grub = (state: string | null, env: string | null = null): Files => ({
  ...(state === null ? {} : { 'dabei/trial': state }),
  'dabei/grub.cfg': 'menuentry',
  'dabei/rescue.cpio': 'c',
  'grub/grub.cfg': grubConfig,
  ...(env === null ? {} : { 'grub/grubenv': grubenv(env) }),
});
const added = 'panic=30 oops=panic systemd.watchdog_sec=60 dabei.trial=loader';
const onTrial = (state: string): Files => ({
  ...systemdBoot(
    state,
    `default nix-dabei.conf\n${loaderConf.replace('default nixos', '#dabei default nixos')}`,
  ),
  'loader/entries/nix-dabei-trial.conf': 'title nix-dabei trial\n',
});

for (const kind of kinds) {
  t.test(`${kind}: the menu of systemd-boot`, async t => {
    const { text, said, states } = run(t.testdir(), kind, {
      action: 'menu',
      esps: [systemdBoot('pending\n')],
    });
    t.equal(said, '');
    t.same(states, ['pending']);
    t.equal(
      text('esp0/loader/loader.conf'),
      'default nix-dabei.conf\ntimeout 5\n#dabei default nixos-aa.conf\nconsole-mode keep\n',
    );
    t.equal(withoutTrialDefault(text('esp0/loader/loader.conf')!), loaderConf);
    const entry = text('esp0/loader/entries/nix-dabei-trial.conf')!;
    t.equal(
      entry,
      `title nix-dabei trial\nsort-key zy-nix-dabei\nlinux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions ${options} ${added}\n`,
    );
    t.equal(bootFiles(entry)?.options, `${options} ${added}`);
  });

  t.test(`${kind}: the menu of GRUB`, async t => {
    const root = t.testdir();
    const { text, said } = run(root, kind, {
      action: 'menu',
      grub: true,
      esps: [grub('pending\n'), grub('pending\n', 'saved_entry=1\n')],
    });
    t.equal(said, '');
    const config = text('esp0/grub/grub.cfg')!;
    t.ok(config.startsWith(grubConfig), 'what NixOS wrote stays');
    t.same(bootFiles(grubEntry(config, 'nix-dabei-trial')!), {
      kernel: '/kernels/k-bzImage',
      initrds: ['/kernels/i-initrd'],
      options: `${options} ${added}`,
    });
    const parsed = spawnSync('grub-script-check', [`${root}/esp0/grub/grub.cfg`], { encoding: 'utf8' });
    t.same([parsed.status, parsed.stderr], [0, ''], 'GRUB reads it');
    t.match(
      config,
      /--id nix-dabei-trial --unrestricted \{$/m,
      'a password of GRUB does not keep it from starting',
    );
    t.equal(text('esp0/grub/grubenv'), grubenv('dabei_trial=pending\n'));
    t.equal(text('esp1/grub/grubenv'), grubenv('saved_entry=1\ndabei_trial=pending\n'));
    const { stdout } = spawnSync('grub-editenv', [`${root}/esp1/grub/grubenv`, 'list'], { encoding: 'utf8' });
    t.equal(stdout, 'saved_entry=1\ndabei_trial=pending\n', 'as GRUB reads it');
  });

  const menus: [name: string, world: Omit<World, 'action'>, states: (string | null)[], said: RegExp][] = [
    ['no trial', { esps: [systemdBoot(null)] }, [null], /^$/],
    ['confirmed, but not finished', { esps: [systemdBoot('confirmed\n')] }, ['confirmed'], /^$/],
    ['no rescue entry: no trial', { esps: [{ ...systemdBoot('pending\n'), 'dabei/rescue.cpio': '', 'loader/entries/nix-dabei.conf': '' }] }, ['pending'], /^$/],
    ['no rescue system: no trial', { esps: [{ 'dabei/trial': 'pending\n', 'loader/loader.conf': loaderConf }] }, [null], /esp0 has no rescue system, or no entry to start: no trial/],
    ['no entry to start', { esps: [systemdBoot('pending\n', 'timeout 5\n')] }, [null], /no trial/],
    ['GRUB without an entry to start', { grub: true, esps: [{ ...grub('pending\n'), 'grub/grub.cfg': 'set default=0\n' }] }, [null], /no trial/],
    ['a new menu of a trial that failed', { esps: [systemdBoot('failed\n')] }, ['failed'], /^$/],
  ]; // prettier-ignore
  for (const [name, world, states, said] of menus) {
    t.test(`${kind}: menu: ${name}`, async t => {
      const found = run(t.testdir(), kind, { action: 'menu', ...world });
      t.match(found.said, said);
      t.same(found.states, states);
    });
  }

  const login = 'Accepted publickey for root from 192.0.2.9 port 4000 ssh2: ED25519 SHA256:x';
  const opened = (service: string, user: string) =>
    `pam_unix(${service}:session): session opened for user ${user}(uid=0) by LOGIN(uid=0)`;
  const at = (seconds: number, what: string) => `[ $up -lt ${seconds} ] || ${what}`;
  const comes = (line: string) => `echo '${line}' >$TRIAL_ROOT/journal`;
  const over = { states: [null], asked: null };
  const back = (states: (string | null)[]) => ({
    states,
    asked: '--no-block reboot\n--force --force reboot\n',
  });
  const types = 'echo >$TRIAL_ROOT/dev/tty1; touch -a -d @$up $TRIAL_ROOT/dev/tty1';
  const efivars = 'sys/firmware/efi/efivars';
  const oneShot = `${efivars}/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`;
  type Expected = { states: (string | null)[]; asked: string | null };
  const waits: [name: string, world: World, expected: Expected, said: RegExp][] = [
    ['a login in stage 1', { action: 'stage1', esps: [onTrial('pending\n')], happens: at(600, comes(login)) }, over, /^confirmed: somebody has logged in$/],
    ['a login in stage 1, after kexec', { action: 'stage1', by: 'rescue', esps: [onTrial('started\n')], happens: at(600, comes(login)) }, over, /^confirmed/],
    ['nobody', { action: 'stage1', esps: [onTrial('pending\n')] }, back(['started']), /^nobody has logged in within 30 minutes: restarting into the rescue system$/],
    ['a second disk that comes late is told', { action: 'stage1', late: 100, esps: [onTrial('pending\n'), onTrial('pending\n')] }, back(['started', 'started']), /^nobody/],
    ['… and was started before', { action: 'stage1', late: 100, esps: [onTrial('pending\n'), onTrial('started\n')] }, back(['started', 'started']), /^the installed system was started before/],
    ['a second disk that never comes', { action: 'stage1', late: 200_000, esps: [onTrial('pending\n'), onTrial('pending\n')] }, back(['started', null]), /^nobody/],
    ['a second disk that stage 1 has not seen', { action: 'system', asks: false, esps: [onTrial('started\n'), onTrial('pending\n')] }, back(['started', 'started']), /nobody/],
    ['text from a client is not a login', { action: 'stage1', esps: [onTrial('pending\n')], happens: comes(`Invalid user ${login}\n${login} [preauth]`) }, back(['started']), /nobody/],
    ['no network', { action: 'stage1', offline: true, esps: [onTrial('pending\n')] }, back(['started']), /^stage 1 has no network/],
    ['no network, and somebody types a passphrase', { action: 'stage1', offline: true, esps: [onTrial('pending\n')], happens: `${types}; ${at(900, comes(login))}` }, over, /^confirmed/],
    ['no network, and unlocked at the console', { action: 'stage1', offline: true, esps: [onTrial('pending\n')], happens: `: >$TRIAL_ROOT/mounted; ${at(9000, comes(login))}` }, over, /^confirmed/],
    ['three wrong passphrases, and somebody goes on in emergency mode', { action: 'stage1', esps: [onTrial('pending\n')], happens: `: >$TRIAL_ROOT/emergency; ${types}; ${at(900, comes(login))}` }, over, /^confirmed/],
    ['… and goes away', { action: 'stage1', esps: [onTrial('pending\n')], happens: `: >$TRIAL_ROOT/emergency; [ $up -ge 600 ] || { ${types}; }` }, back(['started']), /^the boot failed/],
    ['nobody has to unlock it: what comes after the mounts hangs', { action: 'stage1', asks: false, confirm: 'report', esps: [onTrial('pending\n')], happens: ': >$TRIAL_ROOT/mounted' }, back(['started']), /^nobody/],
    ['no ESP, with GRUB', { action: 'stage1', grub: true, esps: [] }, back([]), /^no ESP can be read\s+nobody/],
    ['no ESP, and systemd-boot has removed its variable', { action: 'stage1', offline: true, esps: [], files: { [`${efivars}/BootOrder`]: '' } }, back([]), /^no ESP can be read\s+stage 1 has no network/],
    ['no ESP, and systemd-boot has not removed its variable', { action: 'stage1', offline: true, esps: [], files: { [oneShot]: '' } }, { states: [], asked: null }, /^no ESP can be read$/],
    ['no ESP, and no variables', { action: 'stage1', offline: true, esps: [] }, { states: [], asked: null }, /^no ESP can be read$/],
    ['no ESP, after kexec', { action: 'stage1', by: 'rescue', esps: [] }, back([]), /^no ESP can be read\s+nobody/],
    ['stage 1 gives up', { action: 'stage1', esps: [onTrial('pending\n')], happens: ': >$TRIAL_ROOT/emergency' }, back(['started']), /^the boot failed/],
    ['stage 1 gives up and is left', { action: 'stage1', esps: [onTrial('pending\n')], happens: `: >$TRIAL_ROOT/emergency; ${at(60, 'rm $TRIAL_ROOT/emergency')}; ${at(900, comes(login))}` }, over, /^confirmed/],
    ['a passphrase is being typed at the console', { action: 'stage1', esps: [onTrial('pending\n')], happens: `echo >$TRIAL_ROOT/dev/tty1; touch -a -d @$up $TRIAL_ROOT/dev/tty1; ${at(3000, comes(login))}` }, over, /^confirmed/],
    ['nobody types any more', { action: 'stage1', esps: [onTrial('pending\n')], happens: `echo >$TRIAL_ROOT/dev/tty1; [ $up -ge 2000 ] || touch -a -d @$up $TRIAL_ROOT/dev/tty1; ${at(3000, comes(login))}` }, back(['started']), /^nobody has logged in/],
    ['noise on a serial line', { action: 'stage1', esps: [onTrial('pending\n')], happens: `echo >$TRIAL_ROOT/dev/ttyS0; touch -a -d @$up $TRIAL_ROOT/dev/ttyS0; ${at(3800, comes(login))}` }, back(['started']), /^nobody has logged in/],
    ['unlocked on the console: no limit', { action: 'stage1', esps: [onTrial('pending\n')], happens: `: >$TRIAL_ROOT/mounted; ${at(9000, comes(login))}` }, over, /^confirmed/],
    ['without a person, the passphrase may wait', { action: 'stage1', confirm: 'report', esps: [onTrial('pending\n')], happens: at(9000, comes(login)) }, over, /^confirmed/],
    ['no trial any more', { action: 'stage1', esps: [systemdBoot(null)] }, { states: [null], asked: null }, /^$/],
    ['a mirror, both ESPs', { action: 'stage1', esps: [onTrial('pending\n'), onTrial('pending\n')], happens: comes(login) }, { states: [null, null], asked: null }, /^confirmed/],
    ['GRUB', { action: 'stage1', grub: true, esps: [grub('pending\n', 'dabei_trial=started\n')] }, back(['started']), /nobody/],
    ['GRUB of another disk starts it again', { action: 'stage1', grub: true, esps: [grub('started\n', 'dabei_trial=started\n'), grub('pending\n', 'dabei_trial=pending\n')] }, back(['started', 'pending']), /^the installed system was started before/],
    ['a login in the system', { action: 'system', esps: [onTrial('started\n')], happens: at(9000, comes(login)) }, over, /^confirmed/],
    ['a login on the console', { action: 'system', esps: [onTrial('started\n')], happens: comes(opened('login', 'root')) }, over, /^confirmed/],
    ['a login in a display manager', { action: 'system', esps: [onTrial('started\n')], happens: comes(opened('sddm', 'alice')) }, over, /^confirmed/],
    ['the display manager itself is nobody', { action: 'system', asks: false, esps: [onTrial('started\n')], happens: comes(opened('sddm-greeter', 'sddm')) }, back(['started']), /nobody/],
    ['the console logs in nobody', { action: 'system', asks: false, autologin: 'alice', esps: [onTrial('started\n')], happens: comes(opened('login', 'alice')) }, back(['started']), /nobody/],
    ['… and then there is somebody', { action: 'system', asks: false, autologin: 'alice', esps: [onTrial('started\n')], happens: comes(`${opened('login', 'alice')}\n${opened('login', 'root')}`) }, over, /^confirmed/],
    ['nobody had to unlock it, and nobody comes', { action: 'system', asks: false, esps: [onTrial('started\n')] }, back(['started']), /nobody/],
    ['the system gives up', { action: 'system', esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/emergency' }, back(['started']), /the boot failed/],
    ['started by hand: no limit', { action: 'system', by: 'hand', asks: false, esps: [onTrial('pending\n')], happens: at(9000, comes(login)) }, over, /^confirmed/],
    ['without a person', { action: 'system', asks: false, confirm: 'report', esps: [onTrial('started\n')], happens: at(60, ': >$TRIAL_ROOT/listens; : >$TRIAL_ROOT/gateway') }, over, /sshd answers, and so does the gateway/],
    ['a wrong gateway', { action: 'system', asks: false, confirm: 'report', esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, back(['started']), /nobody/],
    ['no gateway, and no address', { action: 'system', asks: false, confirm: 'report', offline: true, own: { ip: ':' }, esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, back(['started']), /nobody/],
    ['no gateway, where it was given one', { action: 'system', asks: false, confirm: 'report', routed: true, own: { ip: ':' }, esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, back(['started']), /nobody/],
    ['a lease that has none', { action: 'system', asks: false, confirm: 'report', own: { ip: ':' }, esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, over, /^confirmed: sshd answers/],
    ['a lease that is slower than sshd, and its gateway is wrong', { action: 'system', asks: false, confirm: 'report', own: { ip: `case "$*" in *-4*default*) read -r up _ <$TRIAL_ROOT/proc/uptime; [ \${up%%.*} -lt 120 ] || echo default via 192.0.2.1 dev eth0;; esac` }, esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, back(['started']), /nobody/],
    ['a gateway that is of a link alone', { action: 'system', asks: false, confirm: 'report', own: { ip: 'case "$*" in *-4*default*) echo default via inet6 fe80::1 dev eth0 proto static;; esac', ping: 'for last; do :; done; [ "$last" = fe80::1%eth0 ]' }, esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/listens' }, over, /^confirmed: sshd answers/],
    ['sshd is off', { action: 'system', asks: false, confirm: 'report', sshless: true, esps: [onTrial('started\n')], happens: at(60, ': >$TRIAL_ROOT/gateway') }, over, /^confirmed/],
    ['sshd does not answer', { action: 'system', asks: false, confirm: 'report', esps: [onTrial('started\n')], happens: ': >$TRIAL_ROOT/gateway' }, back(['started']), /nobody/],
    ['a generation: a login', { action: 'generation', by: 'hand', esps: [systemdBoot(null)], happens: at(600, comes(login)) }, over, /^confirmed: somebody has logged in$/],
    ['a generation that nobody confirms', { action: 'generation', by: 'hand', esps: [systemdBoot(null)] }, back([null]), /^nobody has logged in within 30 minutes: restarting into the generation before$/],
    ['a generation, without a person', { action: 'generation', by: 'hand', confirm: 'report', esps: [systemdBoot(null)], happens: at(60, ': >$TRIAL_ROOT/listens; : >$TRIAL_ROOT/gateway') }, over, /^confirmed: sshd answers/],
    ['a generation without a network in stage 1', { action: 'generation1', by: 'hand', offline: true, esps: [systemdBoot(null)] }, back([null]), /^stage 1 has no network: restarting into the generation before$/],
    ['a generation in emergency mode', { action: 'generation1', by: 'hand', esps: [systemdBoot(null)], happens: ': >$TRIAL_ROOT/emergency' }, back([null]), /^the boot failed: .* generation before$/],
    ['a power cut while it was confirmed', { action: 'system', esps: [onTrial('confirmed\n')] }, over, /^confirmed: after a power cut/],
    ['… with one ESP done', { action: 'system', esps: [systemdBoot(null), onTrial('started\n')] }, { states: [null, null], asked: null }, /^confirmed: after a power cut/],
    ['… with GRUB', { action: 'system', grub: true, esps: [grub('confirmed\n', 'dabei_trial=started\n')] }, over, /^confirmed: after a power cut/],
  ]; // prettier-ignore
  for (const [name, world, expected, said] of waits) {
    t.test(`${kind}: ${world.action}: ${name}`, async t => {
      const found = run(t.testdir(), kind, world);
      t.match(found.said, said);
      const { states, asked } = found;
      t.same({ states, asked }, expected);
      if (expected.asked !== null) return;
      if (!/^no ESP/.test(found.said))
        t.equal(found.text('proc/sys/kernel/panic_on_oops'), world.by === 'hand' ? '1\n' : '0\n');
      for (const [index] of world.esps.entries()) {
        if (world.grub) t.equal(found.text(`esp${index}/grub/grubenv`), grubenv(''));
        else {
          t.equal(found.text(`esp${index}/loader/loader.conf`), loaderConf, 'the default of NixOS');
          t.notOk(
            found.files(index).some(path => /trial/.test(path)),
            'nothing of it is left',
          );
        }
      }
    });
  }

  t.test(`${kind}: a second disk that comes late, and was confirmed: the system ends the trial`, async t => {
    const esps = [onTrial('pending\n'), systemdBoot(null)];
    const { status, states, said } = run(t.testdir(), kind, { action: 'stage1', late: 100, esps });
    t.same({ status, states, said }, { status: 0, states: ['started', null], said: '' });
  });

  t.test(`${kind}: nothing starts it on trial a second time`, async t => {
    const once = run(t.testdir(), kind, { action: 'stage1', esps: [onTrial('pending\n')] });
    t.notOk(once.files(0).includes('loader/entries/nix-dabei-trial.conf'), 'the entry goes when it has started');
    const again = run(t.testdir(), kind, { action: 'stage1', esps: [onTrial('started\n'), onTrial('pending\n')] });
    t.match(again.said, /^the installed system was started before: restarting into the rescue system$/);
    for (const index of [0, 1])
      t.notOk(again.files(index).includes('loader/entries/nix-dabei-trial.conf'), 'also if the firmware keeps the variable');
    t.match(again.text('esp0/loader/loader.conf'), /^default nix-dabei\.conf$/m);
    const menu = run(t.testdir(), kind, { action: 'menu', esps: [systemdBoot('started\n')] });
    t.notOk(menu.files(0).includes('loader/entries/nix-dabei-trial.conf'), 'a rebuild does not write it again');
    const own = { rm: 'exit 1', sync: 'exit 1', mv: 'exit 1' };
    const stuck = run(t.testdir(), kind, { action: 'stage1', own, esps: [onTrial('started\n')] });
    t.same([stuck.asked, stuck.said], [null, 'the installed system was started before, but no ESP can be written: no restart']);
  }); // prettier-ignore

  t.test(`${kind}: an ESP that is full, or cannot be written`, async t => {
    const world = { action: 'system', happens: comes(login) } as const;
    const full = run(t.testdir(), kind, { ...world, esps: [onTrial('started\n')], own: { mv: 'exit 1' } });
    t.same(
      [full.states, full.asked],
      [['confirmed'], null],
      'in place; the next rescue system sets the default',
    );
    const unwritable = { mv: 'exit 1', sync: 'exit 1' };
    const stuck = run(t.testdir(), kind, { ...world, esps: [onTrial('started\n')], own: unwritable });
    t.equal(stuck.asked, null, 'somebody is there: no restart');
    t.match(
      stuck.said,
      /^somebody has logged in, but no ESP can be written: the rescue system stays the default/,
    );
  });

  t.test(`${kind}: a power cut at every step of confirming`, async t => {
    // The first N programs that change something work; then everything stops.
    const base = t.testdir();
    for (let steps = 0; steps < 14; steps++) {
      const root = `${base}/${steps}`;
      mkdirSync(root);
      const cut = `: >>$TRIAL_ROOT/changes; echo >>$TRIAL_ROOT/changes; [ $(wc -l <$TRIAL_ROOT/changes) -le ${steps} ] || kill -9 $(cat $TRIAL_ROOT/pid) $PPID`;
      const own = Object.fromEntries(['mv', 'rm'].map(name => [name, `${cut}
exec /bin/${name} "$@"`]));
      const esp = onTrial('started\n');
      const first = run(root, kind, { action: 'system', esps: [esp, esp], happens: comes(login), own });
      const esps = first.states.map((_, index) => {
        const startsRescue = /^default nix-dabei/m.test(first.text(`esp${index}/loader/loader.conf`) ?? '');
        const state = parseTrial(first.text(`esp${index}/dabei/trial`), first.text(`esp${index}/dabei/trial.new`));
        return { state, startsRescue, loaderStarted: false };
      });
      // Whichever disk starts, the rescue system is there, or the installed one: never a default without its entry.
      t.ok(esps.every(({ startsRescue }, index) => startsRescue || first.files(index).includes('loader/entries/nixos-aa.conf')));
      const { kind: decided } = decideTrial(esps);
      t.ok(['failed', 'finish', 'none'].includes(decided), `after ${steps}: ${decided}`);
      if (decided === 'none') t.notOk(esps.some(({ startsRescue }) => startsRescue), `after ${steps}`);
    }
  }); // prettier-ignore
}
