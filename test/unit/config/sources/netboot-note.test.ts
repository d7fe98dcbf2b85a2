import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';

const rows: readonly [about: string, commandLine: string, files: number, said: boolean][] = [
  ['UEFI, an iPXE that hands over the first file alone', 'initrd=initrd console=tty0', 0, true],
  ['the file came with it', 'initrd=initrd console=tty0', 1, false],
  ['the combined file, and no host.json on the server', 'initrd=initrd.magic', 0, false],
  ['everything is on the command line', 'initrd=initrd dabei.hostname=web-01', 0, false],
  ['kexec and GRUB name no initrd', 'console=tty0', 0, false],
];

for (const [about, commandLine, count, said] of rows) {
  t.test(about, async t => {
    const files = Array.from({ length: count }, () => ({ path: '/dabei.json', bytes: Buffer.from('{}') }));
    const { notes, config } = resolveConfiguration({ commandLine, files });
    t.ok(config);
    t.strictSame(
      notes.map(note => note.slice(0, 46)),
      said ? ['no configuration arrived with initrd=initrd: on UE'.slice(0, 46)] : [],
    );
  });
}
