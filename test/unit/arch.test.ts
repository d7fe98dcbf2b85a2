import { readFileSync } from 'node:fs';
import t from 'tap';
import { arch, rowOf, rows } from '../../agent/arch.ts';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';
import { requireWhole, targetOf } from '../../image/lib/target.ts';

/** Where a name of an architecture is a name of something else, with the reason. */
const allowed: Readonly<Record<string, string>> = {
  'agent/arch.ts': 'the table',
  'image/elf/known.ts': 'relocations, as their specifications name them',
  'image/elf/slim-elf.ts': 'quotes the psABI',
  'image/media/bundle/lib/parameters.sh': 'parameters of the kernel',
  'image/reductions/programs.ts': "files of kexec-tools' source",
  'test/vm/harness/machine/qemu.ts': 'names the manual page of QEMU',
  'test/vm/harness/machine/machine.ts': 'firmware with Secure Boot',
  'test/vm/guests/secure-boot.ts': 'the signed loaders of Debian',
};
const name = /x86[_-]64|amd64|aarch64|arm64|i386-pc|bzImage|BOOTX64|OVMF_/;

t.test('only arch.ts names an architecture', async t => {
  const sources = ['agent', 'image', 'test/vm/harness', 'test/vm/guests']
    .flatMap(directory => files.walk(checkout(directory)))
    .map(path => path.slice(checkout().length + 1))
    .filter(path => /\.(ts|mjs|sh)$/.test(path));
  t.ok(sources.length > 200, `${sources.length} files`);
  for (const path of sources)
    if (!(path in allowed)) t.notMatch(readFileSync(checkout(path), 'utf8'), name, path);
});

t.test('the row fits this process', async t => {
  t.equal(arch.nodeName, process.arch);
});

t.test('every row', async t => {
  for (const row of rows) {
    t.equal(row.nixSystem, `${row.machine}-linux`, row.machine);
    t.equal(row.libraries, `usr/lib/${row.triplet}`, row.machine);
    // Debian's cross compilers have these names.
    t.match(row.triplet, /^[a-z0-9_]+-linux-gnu$/, row.machine);
    t.ok(row.kernel.path.endsWith(`/${row.kernel.image}`), row.machine);
    t.match(row.efiFile.own, /^BOOT[A-Z0-9]+\.EFI$/, row.machine);
    for (const name of [row.machine, row.nodeName, row.debian, row.nixSystem])
      t.equal(rowOf(name), row, name);
  }
  for (const name of ['machine', 'nodeName', 'debian', 'triplet', 'elfMachine', 'loader'] as const)
    t.equal(new Set(rows.map(row => row[name])).size, rows.length, `${name} tells rows apart`);
});

t.test('the image that Nix builds has the same rows', async t => {
  const text = readFileSync(checkout('nix/packages/default.nix'), 'utf8');
  const flake = readFileSync(checkout('flake.nix'), 'utf8');
  for (const row of rows.filter(({ lacks }) => lacks === null)) {
    const [, nix = ''] = new RegExp(`^ {6}${row.machine} = \\{\\n([^]*?)^ {6}\\};$`, 'm').exec(text) ?? [];
    t.match(nix, `kernelFile = "${row.kernel.image}";`, row.machine);
    t.match(nix, `squashfsFilter = "${row.xzFilter === null ? '' : `-Xbcj ${row.xzFilter}`}";`, row.machine);
    t.match(nix, `qemu = "${row.qemu.program} `, row.machine);
    t.match(nix, `consoles = "${row.serialConsoles.map(name => `console=${name}`).join(' ')}";`, row.machine);
    t.match(nix, `console = "${row.serialConsoles[0]!.split(',')[0]!}";`, row.machine);
    t.match(flake, `"${row.nixSystem}"`, row.machine);
  }
});

t.test('the architecture that a command line names', async t => {
  const other = rows.find(row => row !== arch)!;
  t.equal(targetOf(['node', 'build.ts', '--quick']), arch, 'none: that of this machine');
  t.equal(targetOf(['node', 'build.ts', '--arch', other.machine]), other);
  t.equal(targetOf(['node', 'build.ts', `--arch=${other.debian}`, '--quick']), other);
  t.equal(targetOf(['--arch', other.machine, '--arch', arch.machine]), arch, 'the last one wins');
  for (const argv of [['--arch'], ['--arch', 'vax'], ['--arch=']])
    t.throws(() => targetOf(argv), { code: 'USAGE' }, argv.join(' '));
});

t.test(
  'an architecture of which the build cannot make all parts is refused before anything is fetched',
  async t => {
    for (const row of rows) {
      t.doesNotThrow(() => requireWhole({ ...row, lacks: null }), row.machine);
      const refused = {
        code: 'USAGE',
        message: new RegExp(`for ${row.machine}: .*: its media`),
        remedy: /--kernel-only/,
      };
      t.throws(() => requireWhole({ ...row, lacks: 'its media' }), refused, row.machine);
    }
  },
);
