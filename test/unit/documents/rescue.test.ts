import t from 'tap';
import { bootGeneration, generations, lock, unlock } from '../../../agent/commands/rescue.ts';
import { status } from '../../../agent/commands/commands.ts';
import { runtimeInfo } from '../../../agent/plan/host-flake/runtime-info.ts';
import { documents } from '../../support/documents/files.ts';
import { doorsTo } from '../../support/doors.ts';
import { machines } from '../plan/machines.ts';

/** The session of docs/rescue.md, "From a broken rebuild": each command prints what stands there. */

const { text } = documents.find(({ path }) => path === 'docs/rescue.md')!;
const [, session = ''] = /## From a broken rebuild\n[^]*?```\n([^]*?)```/.exec(text) ?? [];

const { config, facts, storage } = machines['uefi-static'];
const machine = { ...runtimeInfo(config, facts, storage), hostName: 'web-01' };
const [disk] = machine.disks;
const day = 86_400;
const built = Date.parse('2026-11-29T00:00:00Z') / 1000;

const entry = (generation: number, version: string) =>
  `title NixOS\nversion Generation ${generation} ${version}, built on 2026-11-${generation}\n`;

const esp = {
  'loader/loader.conf': 'timeout 5\ndefault nixos-b.conf\n',
  'loader/entries/nixos-a.conf': entry(11, 'NixOS 26.05'),
  'loader/entries/nixos-b.conf': entry(12, 'NixOS 26.05'),
  'loader/entries/nix-dabei.conf': 'title nix-dabei rescue\n',
};

t.test('the session of a rescue from a broken rebuild', async t => {
  const doors = doorsTo(t.testdir(), {
    epoch: built + 3.5 * day,
    programs: {
      ...{ zgenhostid: 'exit 0', modprobe: 'exit 0', mkdir: 'exit 0', mount: 'exit 0', umount: 'exit 0', sync: 'exit 0' },
      zpool: 'case $1 in list) [ -e $ROOT/imported ] ;; import) : >$ROOT/imported ;; export) rm $ROOT/imported ;; esac',
      zfs: 'case "$*" in *keystatus*) echo unavailable ;; get*) echo off ;; esac',
    },
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify(machine),
      '/run/dabei/initrd/epoch': String(built),
      '/proc/meminfo': 'MemTotal: 500000 kB\n',
      '/proc/self/mounts': '',
      '/sys/module/spl/parameters/spl_hostid': '',
      '/sys/module/zfs/parameters/zfs_arc_max': '',
      [`/dev/disk/by-partuuid/${disk!.espPartuuid}`]: '',
      ...Object.fromEntries(Object.entries(esp).map(([name, content]) => [`/run/dabei/esps/1/${name}`, content])),
    },
  }); // prettier-ignore
  const commands: Record<string, () => Promise<string>> = {
    'dabei status': async () =>
      status(doors, false).replace('nix-dabei from source', 'nix-dabei 0.2.0').replace(/^dabei has not started.*\n/m, ''),
    'dabei generations': () => generations(doors),
    'dabei unlock': () => unlock(doors),
    'dabei boot 11': () => bootGeneration(doors, '11', false),
    'dabei lock': () => lock(doors),
  }; // prettier-ignore
  const blocks = session.split(/^(?=# )/m).map(block => block.split(/\n(.*)/s) as [string, string]);
  const known = blocks.map(([line]) => line.slice(2).replace(/ +#.*/, '')).filter(name => name in commands);
  t.same(known, Object.keys(commands), 'all of them, in this order');
  for (const [line, output] of blocks) {
    const command = commands[line.slice(2).replace(/ +#.*/, '')];
    if (command === undefined) continue;
    // zfs(8) asks on the terminal.
    t.equal(await command(), output.replace(/^Enter passphrase for .*\n/m, ''), line);
  }
});
