import t from 'tap';
import { nixosFacter, nixosGenerateConfig } from '../../../agent/commands/hardware-answers.ts';
import { otherNames } from '../../../agent/names.ts';
import { readText } from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { doorsTo } from '../../support/doors.ts';

const quiet = () => {};
const machine = {
  files: { '/proc/meminfo': 'MemTotal: 1048576 kB\n', '/proc/cpuinfo': 'flags\t: svm\n' },
  programs: { udevadm: '', lsblk: `echo '{"blockdevices":[]}'`, ip: 'echo "[]"' },
};

t.test('what nixos-anywhere asks is answered on the standard output alone', async t => {
  const doors = doorsTo(t.testdir(), machine);
  const module = await nixosGenerateConfig(doors, ['--show-hardware-config', '--no-filesystems']);
  t.match(module, /^# [^]*\n\{\n {2}config,\n[^]*boot\.kernelModules = \[ "kvm-amd" \];[^]*\}\n$/);
  const said: string[] = [];
  const report = await nixosFacter(doors, [], text => said.push(text));
  t.match(JSON.parse(report), { version: 1, hardware: { disk: [] } });
  t.match(said.join(''), /^note: this report is nix-dabei's own\..*\n$/);
  t.equal(await nixosFacter(doors, ['--output', '/facter.json'], quiet), '');
  t.equal(doors.read('/facter.json'), report);
  t.strictSame(doors.written, ['/facter.json'], 'nothing else is written');
});

t.test('other uses are refused, with the one that works', async t => {
  const doors = doorsTo(t.testdir(), machine);
  const rows: [argv: string[], message: RegExp][] = [
    [[], /writes no files/],
    [['--root', '/mnt'], /'--root'/],
    [['--show-hardware-config'], /does not write fileSystems/],
    [['--show-hardware-config', '--no-filesystems', '--kernel', 'latest'], /'--kernel'/],
    [['--show-hardware-config', '--no-filesystems', 'x'], /'x'/],
  ];
  for (const [argv, message] of rows)
    await t.rejects(nixosGenerateConfig(doors, argv), {
      ...{ code: 'USAGE', message, remedy: 'nixos-generate-config --show-hardware-config --no-filesystems' },
    });
  for (const argv of [['--ephemeral'], ['--hardware', 'pci'], ['x']])
    await t.rejects(nixosFacter(doors, argv, quiet), {
      code: 'USAGE',
      remedy: 'nixos-facter [--output FILE]',
    });
  t.match(await nixosGenerateConfig(doors, ['--help']), /^usage: /);
  t.match(await nixosFacter(doors, ['-h'], quiet), /^usage: /);
  t.strictSame(doors.ran, [], 'nothing is asked of the machine');
});

t.test("Nix's image has the same names", async t => {
  const [, names = ''] = /for name in (.*); do/.exec(readText(checkout('nix/packages/dabei.nix'))) ?? [];
  t.strictSame(names.split(' '), otherNames);
});
