import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeOwnDisk } from '../../../agent/plan/host-flake/copies.ts';
import { modules } from '../../../agent/plan/host-flake/templates.ts';

/**
 * Runs nix/host-flake/copies-stage1.sh on disks in files, with the real sgdisk, blkid, cpio and ssh-keygen. Other programs stand in for
 * mount, which shows a directory as the ESP, and for the kernel, which reads the partition table again.
 */

export const shells = { GNU: ['bash'], busybox: ['busybox', 'sh'] } as const;
export type Kind = keyof typeof shells;

export const image = {
  disk: '00000000-0000-8000-8000-000000000000',
  biosBoot: '00000001-0000-8000-8000-000000000000',
  esp: '00000002-0000-8000-8000-000000000000',
  swap: '00000003-0000-8000-8000-000000000000',
  zfs: '00000004-0000-8000-8000-000000000000',
};
export const imageMiB = 64;

/** What the kernel would do: /sys of a disk and its partitions, from its table. */
const readTable = `
name=\${1##*/}
blocks=$COPY_ROOT/sys/class/block
rm -rf "$blocks/$name"?
for number in 1 2 3 4; do
  set -- $(sgdisk -i $number "$COPY_ROOT/dev/$name" | sed -n 's/^\\(First\\|Last\\) sector: \\([0-9]*\\).*/\\2/p')
  [ $# = 2 ] || continue
  mkdir -p "$blocks/$name$number" "$blocks/$name/$name$number"
  echo $number | tee "$blocks/$name$number/partition" >"$blocks/$name/$name$number/partition"
  echo $(($2 - $1 + 1)) >"$blocks/$name$number/size"
  : >"$COPY_ROOT/dev/$name$number"
done
echo $(($(stat -c %s "$COPY_ROOT/dev/$name") / 512)) >"$blocks/$name/size"
`;

const programs: Record<string, string> = {
  // mount -t vfat -o umask=0077 /dev/vda2 DIRECTORY
  mount: 'device=${5##*/}; rmdir "$6" && ln -s "$COPY_ROOT/esp-${device%2}" "$6"',
  umount: 'rm "$1" && mkdir "$1"',
  blockdev: `shift${readTable}`,
  modprobe: ':',
  udevadm: ':',
  sleep: ':',
  sync: ':',
  // The power may fail after it has written.
  sgdisk:
    'case " $* " in *" -e "*) echo "$@" >>"$COPY_ROOT/asked"; [ ! -e "$COPY_ROOT/cut-before" ] || kill -9 $PPID;; esac; ' +
    '/usr/sbin/sgdisk "$@" || exit; case " $* " in *" -e "*) [ ! -e "$COPY_ROOT/cut-after" ] || kill -9 $PPID;; esac',
};

export function machine(root: string, disks: Readonly<Record<string, number>>) {
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, content);
  };
  for (const [name, text] of Object.entries(programs)) {
    write(`programs/${name}`, `#!/bin/sh\n${text}\n`);
    chmodSync(`${root}/programs/${name}`, 0o755);
  }
  const own = describeOwnDisk(image);
  write('etc/dabei/own', own);
  write('etc/dabei/copy', own);
  write('etc/dabei/hostid', Buffer.from('fecaad0b', 'hex'));
  write('etc/hostid', Buffer.from('fecaad0b', 'hex'));
  write('etc/ssh/key', 'of the image');
  write('sys/module/spl/parameters/spl_hostid', '0\n');
  mkdirSync(`${root}/proc/sys/kernel/random`, { recursive: true });
  spawnSync('ln', ['-s', '/proc/sys/kernel/random/uuid', `${root}/proc/sys/kernel/random/uuid`]);
  write('dev/console', '');
  for (const [name, mebibytes] of Object.entries(disks)) {
    write(`dev/${name}`, '');
    truncateSync(`${root}/dev/${name}`, imageMiB * 2 ** 20);
    const add = (number: number, size: string, type: string, guid: string, label: string) => [
      ...['-n', `${number}:0:${size}`, '-t', `${number}:${type}`, '-u', `${number}:${guid}`],
      ...['-c', `${number}:${label}`],
    ];
    const argv = [
      ...['-o', '-U', image.disk],
      ...add(1, '+1M', 'EF02', image.biosBoot, 'bios-boot'),
      ...add(2, '+8M', 'EF00', image.esp, 'esp'),
      ...add(3, '+8M', '8200', image.swap, 'swap'),
      ...add(4, '0', 'BF01', image.zfs, 'zfs'),
    ];
    const { status, stdout } = spawnSync('/usr/sbin/sgdisk', [...argv, `${root}/dev/${name}`], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stdout);
    truncateSync(`${root}/dev/${name}`, mebibytes * 2 ** 20);
    mkdirSync(`${root}/sys/class/block/${name}/queue`, { recursive: true });
    write(`sys/class/block/${name}/queue/logical_block_size`, '512\n');
    spawnSync('sh', ['-c', readTable, 'sh', `/dev/${name}`], {
      env: { PATH: '/usr/sbin:/usr/bin:/bin', COPY_ROOT: root },
    });
    write(`esp-${name}/EFI/nixos/aa-initrd.efi`, 'initrd');
    write(`esp-${name}/EFI/nixos/aa-bzImage.efi`, 'kernel');
    write(`esp-${name}/dabei/rescue.cpio`, 'rescue1');
  }
  return { write, remove: (path: string) => rmSync(`${root}/${path}`, { recursive: true, force: true }) };
}

export function firstStart(root: string, kind: Kind, keys = '/etc/ssh/key') {
  const applets = `${root}/applets`;
  if (!existsSync(applets)) {
    mkdirSync(applets);
    spawnSync('busybox', ['--install', '-s', applets]);
  }
  // busybox takes its applets before programs in PATH; functions come before both.
  const before =
    kind === 'busybox'
      ? Object.keys(programs).map(name => `${name}() { "$COPY_ROOT/programs/${name}" "$@"; }\n`).join('')
      : ''; // prettier-ignore
  const blkid = kind === 'busybox' ? 'blkid() { /usr/sbin/blkid "$@"; }\n' : '';
  writeFileSync(`${root}/program`, `${before}${blkid}keys='${keys}'\n${modules['copies-stage1.sh']}`);
  const [shell, ...applet] = shells[kind];
  const { stderr, status } = spawnSync(shell, [...applet, `${root}/program`], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: `${root}/programs:${kind === 'busybox' ? `${applets}:` : ''}/usr/sbin:/usr/bin:/sbin:/bin`,
      COPY_ROOT: root,
      COPY_ROUNDS: '2',
    },
  });
  return { status, said: stderr.replaceAll(root, '').replaceAll('nix-dabei copy: ', '').trim() };
}

/** As the kernel unpacks what was appended to an initrd, and stage 1 copies its secrets. */
export function restart(root: string, disk = 'vda'): void {
  rmSync(`${root}/run`, { recursive: true, force: true });
  for (const { path, content } of appended(`${root}/esp-${disk}/EFI/nixos/aa-initrd.efi`)) {
    const target = `${root}/${path.replace(/^(\.\/)?\.initrd-secrets\//, '')}`;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}

/** Files of the archives behind an initrd of 6 to 8 bytes, later ones over earlier ones; GNU's cpio writes capital letters. */
export function appended(file: string): { path: string; content: Buffer; mode: number }[] {
  const bytes = readFileSync(file);
  const members = new Map<string, { path: string; content: Buffer; mode: number }>();
  const toFour = (number: number) => Math.ceil(number / 4) * 4;
  for (let at = 8; at < bytes.length;) {
    if (bytes[at] === 0) {
      at += 4;
      continue;
    }
    const head = bytes.toString('latin1', at, at + 110);
    if (!/^070701[0-9a-fA-F]{104}$/.test(head)) throw new Error(`no archive at ${at} of ${file}`);
    const number = (index: number) => Number.parseInt(head.slice(6 + 8 * index, 14 + 8 * index), 16);
    const [mode, size, nameBytes] = [number(1), number(6), number(11)];
    const start = toFour(at + 110 + nameBytes);
    const path = bytes.toString('latin1', at + 110, at + 109 + nameBytes).replace(/^\.\//, '');
    if (mode >>> 12 === 0o10)
      members.set(path, { path, content: bytes.subarray(start, start + size), mode: mode & 0o7777 });
    at = toFour(start + size);
  }
  return [...members.values()];
}
