import t, { type Test } from 'tap';
import { bootGeneration, enter, lock, log, notStage1, unlock } from '../../../../agent/commands/rescue.ts';
import { status } from '../../../../agent/commands/commands.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { doorsTo, type World } from '../../../support/doors.ts';
import { confirmedHere, tellTrial } from '../../../../agent/plan/rescue/trial.ts';
import { machines } from '../../plan/machines.ts';

/** Programs of ZFS with one pool, whose state is in files of the machine. */
const zfs = {
  zgenhostid: 'exit 0',
  modprobe: 'exit 0',
  mkdir: 'exit 0',
  mount: 'exit 0',
  umount: 'exit 0',
  sync: 'exit 0',
  zpool: `case $1 in
    list) [ -e $ROOT/imported ] ;;
    import) if [ -e $ROOT/refusal ]; then case "$*" in *readonly*) ;; *) cat $ROOT/refusal >&2; exit 1 ;; esac; fi; : >$ROOT/imported ;;
    export) rm $ROOT/imported ;;
  esac`,
  zfs: `case $1 in
    get) case "$*" in *keystatus*) [ -e $ROOT/open ] && echo available || echo unavailable ;; *) echo off ;; esac ;;
    load-key) [ ! -e $ROOT/wrong ] && : >$ROOT/open ;;
  esac`,
};

function doors(t: Test, world: World = {}, name: keyof typeof machines = 'bios-static') {
  const { config, facts, storage } = machines[name];
  return doorsTo(t.testdir(), {
    ...world,
    programs: { ...zfs, ...world.programs },
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify(runtimeInfo(config, facts, storage)),
      '/proc/meminfo': 'MemTotal: 500000 kB\n',
      '/proc/self/mounts': '',
      '/sys/module/spl/parameters/spl_hostid': '',
      '/sys/module/zfs/parameters/zfs_arc_max': '',
      ...world.files,
    },
  });
}

t.test('unlock: under its own host id, the root first, ESPs too', async t => {
  const all = doors(t);
  t.match(await unlock(all), /is mounted at \/mnt\nnext: "dabei enter"/);
  const { storage } = machines['bios-static'];
  t.equal(all.ran[1], `zgenhostid -f ${storage.hostId}`);
  t.ok(all.ran.includes('zpool import -N -o cachefile=none -R /mnt -d /dev/disk/by-partuuid rpool'));
  t.same(
    all.ran.filter(line => line.startsWith('mount ')).map(line => line.split(' ').at(-1)),
    ['/mnt', '/mnt/nix', '/mnt/home', '/mnt/persist', '/mnt/boot'],
  );
  t.ok(all.ran.indexOf('zfs load-key rpool') < all.ran.findIndex(line => line.startsWith('mount ')));
});

t.test('unlock again asks for nothing', async t => {
  const mounts = ['/mnt', '/mnt/nix', '/mnt/home', '/mnt/persist', '/mnt/boot'];
  const all = doors(t, {
    files: {
      '/proc/self/mounts': mounts.map(path => `x ${path} zfs rw 0 0\n`).join(''),
      '/imported': '',
      '/open': '',
    },
  });
  await unlock(all);
  t.notMatch(all.ran.join('\n'), /import|load-key|^mount/m);
});

t.test('with impermanence, what is kept lies where it belongs', async t => {
  const all = doors(t, {}, 'impermanence');
  await unlock(all);
  t.ok(all.ran.includes('mount --bind /mnt/persist/etc/nixos /mnt/etc/nixos'));
});

/** As zpool 2.3 says it. */
const newer = `This pool uses the following feature(s) not supported by this system:\n\torg.openzfs:fast_dedup (Support for advanced deduplication)\n`;
const onlyForWriting = `All unsupported features are only required for writing to the pool.\nThe pool can be imported using '-o readonly=on'.\n`;
const cannot = "cannot import 'rpool': unsupported version or feature\n";

t.test('a pool that is newer than the rescue system is read-only', async t => {
  const said = await unlock(doors(t, { files: { '/refusal': newer + onlyForWriting + cannot } }));
  t.match(said, /read-only: org\.openzfs:fast_dedup/);
});

const refused: [name: string, world: World, says: RegExp][] = [
  ['the wrong passphrase', { files: { '/wrong': '' } }, /the passphrase does not open the pool/],
  ['no such pool', { files: { '/refusal': "cannot import 'rpool': no such pool available\n" } }, /no such pool available/],
  ['a pool that this ZFS cannot even read', { files: { '/refusal': newer + cannot } }, /cannot even read: org\.openzfs:fast_dedup$/],
  ['a dataset that cannot be mounted', { programs: { mount: 'echo broken >&2; exit 1' } }, /broken/],
  ['no ZFS', { programs: { modprobe: 'exit 1' } }, /modprobe ended/],
]; // prettier-ignore
for (const [name, world, says] of refused) {
  t.test(`unlock: ${name}`, async t => {
    await t.rejects(unlock(doors(t, world)), { code: 'RESCUE_UNLOCK', message: says });
  });
}

t.test('an ESP of a disk that is gone costs nothing else', async t => {
  const all = doors(t, { programs: { mount: 'case $2 in vfat) exit 1 ;; esac' } });
  t.match(await unlock(all), /is mounted/);
  t.match(all.told, [{ event: 'warning', text: /mounting the ESP at \/mnt\/boot/ }]);
});

t.test('lock', async t => {
  t.equal(await lock(doors(t)), 'the pool rpool is not imported\n');
  const all = doors(t, { files: { '/imported': '', '/proc/self/mounts': 'x /mnt zfs rw 0 0\n' } });
  t.match(await lock(all), /is exported/);
  t.ok(all.ran.includes('umount --recursive /mnt') && all.ran.includes('zpool export rpool'));
  const unmounted = doors(t, { files: { '/imported': '' } });
  await lock(unmounted);
  t.notOk(unmounted.ran.some(line => line.startsWith('umount')));
  const busy = doors(t, { files: { '/imported': '' }, programs: { zpool: '[ $1 = list ]' } });
  await t.rejects(lock(busy), { code: 'POOL_EXPORT' });
});

t.test('enter and log need the installed system', async t => {
  const commands: ((doors: ReturnType<typeof doorsTo>) => Promise<unknown>)[] = [enter, log];
  for (const command of commands)
    await t.rejects(command(doors(t)), { code: 'RESCUE_UNLOCK', message: /not mounted at \/mnt/ });
  const mounted = { '/proc/self/mounts': 'x /mnt zfs rw 0 0\n' };
  const all = (script: string) => doors(t, { files: mounted, programs: { 'nixos-enter': script } });
  t.equal(await enter(all('exit 7')), 7);
  // As journalctl, which finds other starts than that of the running kernel in a directory only.
  const journalctl = 'case " $* " in *" --directory=/var/log/journal --boot "*) echo "sshd: bad" ;; esac';
  t.equal(await log(all(journalctl)), 'sshd: bad\n');
  t.match(await log(all('exit 0')), /no warning/);
  await t.rejects(enter(doors(t, { files: mounted })), { code: 'COMMAND_MISSING' });
});

t.test('what is no generation', async t => {
  for (const text of ['', '0', '-1', 'x', '1e3', '99999999999'])
    await t.rejects(bootGeneration(doors(t), text, false), { code: 'USAGE' }, text);
});

t.test('status says why the machine is here', async t => {
  t.match(
    status(doors(t), false),
    /^this is the rescue system of \S+: its entry in the boot menu was chosen.*\n(?!it is)/,
  );
  const old = doors(t, {
    files: { '/run/dabei/initrd/epoch': '1767225600\n' },
    epoch: 1767225600 + 332.5 * 86_400,
  });
  t.match(
    status(old, false),
    /\nit is nix-dabei from source, built on 2026-01-01, 332 days ago; "dabei rescue-entry"/,
  );
  const damaged = doors(t, { files: { '/run/dabei/initrd/epoch': 'x' } });
  t.notMatch(status(damaged, false), /built on/);
});

t.test('who expects stage 1 learns what answers, and how to go on', async t => {
  const started = tellTrial({ kind: 'failed', why: 'started' })!;
  const rows: [trial: string | null, problem: RegExp, remedy: RegExp][] = [
    [null, /^this is the rescue system of [\w.-]+, not its stage 1$/, /^"reboot" starts the installed .* "dabei unlock"$/],
    [started, /not its stage 1: the installed .* nobody logged in to it in time$/, /^"dabei confirm" and then "reboot" start /],
    ['the installed system was not started: no ESP has an entry\n', /: the installed system was not started: no ESP has an entry$/, /^"dabei confirm" and then/],
    [`${confirmedHere}\n`, /: the installed system was confirmed here$/, /^"reboot" starts /],
  ]; // prettier-ignore
  for (const [trial, problem, remedy] of rows) {
    const world: World = trial === null ? {} : { files: { '/run/dabei/trial': trial } };
    t.match(notStage1(doors(t, world)), { code: 'RESCUE_UNLOCK', problem, remedy });
  }
  t.throws(() => notStage1(doorsTo(t.testdir())), { code: 'RESCUE_MACHINE' });
});
