import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { walk } from '../../../agent/host/files.ts';
import { modules } from '../../../agent/plan/host-flake/templates.ts';

/** Runs nix/host-flake/trial-*.sh on directories as ESPs, with other programs where they would change or wait for this system. */

export const shells = { GNU: ['bash'], busybox: ['busybox', 'sh'] } as const;
export type Kind = keyof typeof shells;

type Action = 'menu' | 'stage1' | 'system' | 'generation1' | 'generation';
export type Files = Record<string, string>;

export interface World {
  action: Action;
  /** Files of the first ESP, and of the second. */
  esps: Files[];
  /** The second is there after this many seconds. */
  late?: number;
  grub?: boolean;
  by?: 'loader' | 'rescue' | 'hand';
  confirm?: 'report';
  asks?: false;
  /** It was given a gateway. */
  routed?: true;
  /** sshd is off. */
  sshless?: true;
  /** Whom the console logs in by itself. */
  autologin?: string;
  /** Runs after each `sleep`, with $up as the seconds since the start. */
  happens?: string;
  offline?: true;
  /** Files of the system's root. */
  files?: Files;
  /** Programs in place of the system's. */
  own?: Record<string, string>;
}

/** busybox takes its applets before programs in PATH; functions come before both. */
const before = (kind: Kind, all: Record<string, string>) =>
  kind !== 'busybox'
    ? ''
    : Object.keys(all)
        .filter(name => !name.includes('-'))
        .map(name => `${name}() { "$TRIAL_ROOT/programs/${name}" "$@"; }\n`)
        .join('');

const programs: Record<string, string> = {
  mountpoint: '[ -d "$2" ]',
  // Stage 1 sees the ESPs as devices.
  mount:
    'for last; do device=$directory; directory=$last; done; exec /bin/mount --bind "$device" "$directory"',
  umount: 'exec /bin/umount "$@"',
  sleep:
    'read -r up _ <$TRIAL_ROOT/proc/uptime; up=$((${up%%.*} + $1 * 20)); echo "$up.00 0" >$TRIAL_ROOT/proc/uptime; . $TRIAL_ROOT/happens',
  journalctl:
    'for argument; do case $argument in --cursor-file=*) cursor=${argument#*=};; esac; done; [ -e $cursor ] || cat $TRIAL_ROOT/journal; [ ! -s $TRIAL_ROOT/journal ] || : >$cursor',
  systemctl:
    'case "$*" in is-active*emergency*) [ -e $TRIAL_ROOT/emergency ];; is-active*) [ -e $TRIAL_ROOT/mounted ];; *) echo "$*" >>$TRIAL_ROOT/asked;; esac',
  'ssh-keyscan': '[ ! -e $TRIAL_ROOT/listens ] || echo key',
  ip: 'case "$*" in *-4*default*) echo default via 192.0.2.1 dev eth0;; *neigh*) ! [ -e $TRIAL_ROOT/gateway ] || echo "192.0.2.1 dev eth0 lladdr 52:54:00:00:00:01 REACHABLE";; esac',
  ping: 'false',
};

export function run(root: string, kind: Kind, world: World) {
  const { action, esps, grub = false, by = 'loader' } = world;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, text);
  };
  const all = { ...programs, ...world.own };
  for (const [name, text] of Object.entries(all)) {
    write(`programs/${name}`, `#!/bin/sh\n${text}\n`);
    chmodSync(`${root}/programs/${name}`, 0o755);
  }
  const applets = `${root}/applets`;
  mkdirSync(applets);
  spawnSync('busybox', ['--install', '-s', applets]);
  for (const [index, files] of esps.entries()) {
    const directory = index === 1 && world.late !== undefined ? 'late' : `esp${index}`;
    mkdirSync(`${root}/${directory}`);
    for (const [name, text] of Object.entries(files)) write(`${directory}/${name}`, text);
  }
  for (const [path, text] of Object.entries(world.files ?? {})) write(path, text);
  write('proc/uptime', '20.00 0');
  write('proc/cmdline', `init=/nix/store/x/init${by === 'hand' ? '' : ` dabei.trial=${by}`}\n`);
  write('proc/net/route', world.offline ? 'Iface\tDestination\n' : 'Iface\tDestination\neth0\t00000000\n');
  write('proc/net/if_inet6', '00000000000000000000000000000001 01 80 10 80 lo\n');
  write('proc/sys/kernel/sysrq', '');
  write('proc/sys/kernel/panic_on_oops', '1\n');
  write('dev/console', '');
  write('journal', '');
  const late = world.late === undefined ? '' : `[ $up -lt ${world.late} ] || mv -n $TRIAL_ROOT/late $TRIAL_ROOT/esp1 2>/dev/null\n`;
  write('happens', `${late}${world.happens ?? ':'}\n[ $up -lt 100000 ] || kill $PPID\n`);
  const paths = esps.map((_, index) => `/esp${index}`);
  const head = {
    action,
    asks: world.asks === false ? '' : 'yes',
    autologin: world.autologin ?? '',
    confirm: world.confirm ?? 'login',
    devices: paths.join(' '),
    esps: paths.map(path => `${root}${path}`).join(' '),
    minutes: '30',
    routed: world.routed ? 'yes' : '',
    ssh_address: '127.0.0.1',
    ssh_port: world.sshless ? '' : '22',
    systemd_boot: grub ? '' : 'yes',
  };
  write(
    'program',
    `echo $$ >$TRIAL_ROOT/pid\n${before(kind, all)}` +
      Object.entries(head).map(([name, value]) => `${name}='${value}'\n`).join('') +
      modules['trial-state.sh'] +
      (action === 'menu' ? modules['trial-menu.sh'] : `${modules['trial-proof.sh']}${modules['trial-wait.sh']}`),
  ); // prettier-ignore
  const [shell, ...applet] = shells[kind];
  const { stderr, status } = spawnSync('unshare', ['--mount', shell, ...applet, `${root}/program`], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: `${root}/programs:${kind === 'busybox' ? applets : ''}:/usr/bin:/bin`,
      TRIAL_ROOT: root,
    },
  });
  const text = (path: string) => (existsSync(`${root}/${path}`) ? readFileSync(`${root}/${path}`, 'utf8') : null);
  return {
    status,
    said: stderr
      .replaceAll(root, '')
      .replaceAll('nix-dabei trial: ', '')
      .replace('the installed system has started, and waits for a login', '')
      .trim(),
    asked: text('asked'),
    states: esps.map((_, index) => text(`esp${index}/dabei/trial`)?.trim() ?? null),
    text,
    files: (index: number) => walk(`${root}/esp${index}`),
  };
} // prettier-ignore
