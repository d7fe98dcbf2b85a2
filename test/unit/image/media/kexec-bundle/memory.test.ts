import { writeFileSync } from 'node:fs';
import { storeInRam, leastMemTotalBytes } from '../../../../../agent/limits.ts';
import { roomWarnings } from '../../../../../agent/plan/nix/store-in-ram.ts';
import { loadingBytes, preflight } from '../../../../../agent/plan/preflight/preflight.ts';
import type { NewSystem } from '../../../../../agent/plan/preflight/systems.ts';
import { debian, image } from '../../../../fixtures/old-system.ts';
import { shell, underEachShell } from './shells.ts';

/** What the shell says of memory is what `dabei preflight` says, which runs wherever the old kernel can mount the image. */

const KiB = 1024;
const MiB = 2 ** 20;
const sizes = { bzImage: 4 * MiB, initrd: 34 * MiB, tools: 2 * MiB };

const options: readonly [string, Partial<NewSystem>][] = [
  ['', {}],
  ['--kexec-extra-flags ""', { secondInitrdBytes: sizes.tools, forNixosAnywhere: true }],
];

/** Lines of the bundle's file `kernel` after its name -> what `dabei preflight` makes of them. */
const unpacked = 2 * 15 * MiB + 4 * MiB;
const kernels: readonly [string, Partial<NewSystem>][] = [
  ['', {}],
  [`${unpacked}\n`, { kernelLoadingBytes: unpacked }],
];

const described = (more: Partial<NewSystem>): NewSystem => ({
  ...image,
  files: (['bzImage', 'initrd'] as const).map(name => ({
    name,
    expectedBytes: sizes[name],
    bytes: sizes[name],
  })),
  ...more,
});

underEachShell('memory, as dabei preflight judges it', (t, argv) => {
  const here = t.testdir({ bzImage: '', initrd: '', tools: '' });
  for (const [name, bytes] of Object.entries(sizes)) writeFileSync(`${here}/${name}`, Buffer.alloc(bytes));
  const least = leastMemTotalBytes.rescue / KiB;
  const cases = kernels.flatMap(([lines, kernel]) =>
    options.map(([given, more]) => ({ lines, given, more: { ...kernel, ...more } })),
  );
  for (const { lines, given, more } of cases) {
    writeFileSync(`${here}/kernel`, `bzImage\n${lines}`);
    const loading = loadingBytes(described(more)) / KiB;
    t.equal(Number(shell(argv, `read_options ${given}; loading_kib`, { here }).stdout), loading, given);
    const totals = [least - 1, least, least + 6 * KiB - 1, least + 6 * KiB];
    for (const total of totals)
      for (const available of [loading - 1, loading]) {
        const { stderr } = shell(
          argv,
          `read_options ${given}; read_memory() { kib_total=${total} kib_available=${available}; }; check_memory`,
          { here },
        );
        const facts = { ...debian.facts, memoryBytes: total * KiB };
        const old = { ...debian, facts, ramBytes: null, availableBytes: available * KiB };
        const { refusals } = preflight(null, false, old, described(more), 1);
        t.equal(
          stderr.match(/^error PREFLIGHT_MEMORY/gm)?.length ?? 0,
          refusals.length,
          `${given}: ${total} KiB, ${available} KiB available: ${stderr}`,
        );
      }
  }
});

underEachShell("room for disko's programs, in the same words", (t, argv) => {
  const edges = [leastMemTotalBytes.install, storeInRam.belowBytes].map(bytes => bytes / KiB);
  const totals = [
    139264,
    ...edges.flatMap(edge => [edge - 1, edge]),
    237568,
    363521,
    487732,
    690000,
    1008640,
  ];
  for (const total of totals) {
    const { stdout, stderr } = shell(argv, `kib_total=${total}; warn_of_room`);
    t.equal(stderr, '');
    t.equal(stdout, roomWarnings(total * KiB).map(text => `warning: ${text}\n`).join(''), `${total} KiB`); // prettier-ignore
  }
  const checks = 'check_kexec() { :; }; check_memory() { kib_total=400000; }; first_line() { :; }';
  const memory = t.testdir({ 'command-line': 'quiet', ip: '#!/bin/sh\necho default\n' });
  const said = (args: string) =>
    shell(argv, `read_options ${args}; ${checks}; shell_checks`, { memory, here: memory }).stdout;
  t.match(said('--kexec-extra-flags ""'), /^warning: about \d+ MiB of disko's programs/);
  t.equal(said(''), '', 'not without nixos-anywhere');
});
