import { readFileSync } from 'node:fs';
import t from 'tap';
import { arch } from '../../agent/arch.ts';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';

/** Where a name of an architecture is a name of something else, with the reason. */
const allowed: Readonly<Record<string, string>> = {
  'agent/arch.ts': 'the table',
  'agent/host/machine/facts.ts': "Node's names of all architectures",
  'image/media/bundle/lib/machine.sh': 'runs before anything of this project can be asked',
  'image/media/bundle/lib/cpio.sh': 'names the file of the kernel',
  'image/media/bundle/lib/jump.sh': 'names the file of the kernel',
  'image/media/bundle/lib/preflight.sh': 'names the file of the kernel',
  'image/elf/known.ts': 'relocations of the x86-64 psABI; another architecture has a table of its own',
  'image/elf/load.ts': 'quotes the psABI',
  'image/elf/slim-elf.ts': 'quotes the psABI',
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
  t.equal(`${arch.machine}-linux`, arch.nixSystem);
});
