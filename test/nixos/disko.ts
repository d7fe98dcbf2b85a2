import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ErrorCode } from '../../agent/errors.ts';
import { run } from '../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../agent/host/files.ts';
import { diskoExpression } from '../../agent/plan/disko/expression.ts';
import { scriptFaults } from '../../agent/plan/disko/faults.ts';
import type { Layout } from '../../agent/plan/disko/layout.ts';
import { diskFaults, missingPrograms, programsNeededBy } from '../../agent/plan/disko/script.ts';
import { absentPrograms } from '../../image/rootfs/disko-programs.ts';
import { disk } from '../fixtures/disks.ts';
import { ownersLayouts, type LayoutName } from '../vm/guests/disko-flakes.ts';

/**
 * What dabei makes of disko's own scripts, for layouts as owners write them (disko-layouts/): which disks, keys and programs it finds in
 * each, and what it refuses. With a DIRECTORY, the scripts are written there for DABEI_DISKO_SCRIPT (test/vm/guests/real-disko.ts).
 *
 *   node --import=tsx --import=./test/support/nix-text.mjs test/nixos/disko.ts NIXPKGS DISKO [DIRECTORY [NAME...]]
 *
 * Needs what evaluate.ts needs, and a checkout of disko; 10 s a layout. Prints a table; ends with 1 where something does not hold.
 */

interface Row {
  /** As `disko.devices.disk.NAME.device`, in any order. */
  disks: readonly string[];
  /** Paths of disks.keyFiles without which it is refused. */
  keys?: readonly string[];
  refused?: readonly ErrorCode[];
}

const key = '/tmp/disk.key';
const rows: Readonly<Record<string, Row>> = {
  luks: { disks: ['/dev/vda'], keys: [key] },
  btrfs: { disks: ['/dev/vda'] },
  lvm: { disks: ['/dev/vda', '/dev/vdb'] },
  zfs: { disks: ['/dev/vda'], keys: [key] },
  tmpfs: { disks: ['/dev/disk/by-id/virtio-first'] },
  'legacy-table': { disks: ['/dev/disk/by-path/pci-0000:00:04.0'] },
  'hybrid-table': { disks: ['/dev/nvme0n1'] },
  'btrfs-raid': { disks: ['/dev/vda', '/dev/vdb'], keys: [key, '/tmp/second.key', '/run/keys/disk.key'] },
  'lvm-thin': { disks: ['/dev/vda'] },
  'md-boot': { disks: ['/dev/sda', '/dev/sdb'] },
  'zfs-vdevs': { disks: ['/dev/vda', '/dev/vdb', '/dev/vdc'], refused: ['DISKO_KEY'] },
  f2fs: { disks: ['/dev/vda'], refused: ['DISKO_PROGRAM'] },
  bcachefs: { disks: ['/dev/vda'], refused: ['DISKO_PROGRAM'] },
  asks: { disks: ['/dev/vda'], refused: ['DISKO_KEY'] },
  keeps: { disks: ['/dev/vda', '/dev/vdb'], refused: ['DISKO_DISKS'] },
};

/** What bash knows itself, and functions of the scripts. */
const ownWords = new Set(
  'askPassword break continue echo exit export printf promptSecret read readarray set test trap true type unset'.split(
    ' ',
  ),
);

interface Evaluated {
  script: string;
  withPrograms: string;
  deactivate: string;
  layout: Layout;
}

const [nixpkgs, disko, directory, ...only] = process.argv.slice(2);
if (nixpkgs === undefined || disko === undefined)
  throw new Error('usage: disko.ts NIXPKGS DISKO [DIRECTORY [NAME...]]');
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'dabei-disko-'));
let failures = 0;
try {
  for (const [name, row] of Object.entries(rows)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const wrong = await evaluate(name).then(
      found => {
        if (directory !== undefined) keep(name, found);
        return faultsOf(name, row, found);
      },
      (error: unknown) => [String(error)],
    );
    console.log(`${wrong.length === 0 ? 'ok     ' : 'NOT OK '} ${name}`);
    for (const line of wrong) console.log(`          ${line}`);
    failures += wrong.length;
  }
} finally {
  remove(work);
}
process.exitCode = failures === 0 ? 0 : 1;

async function evaluate(name: string): Promise<Evaluated> {
  const expression = join(work, 'expression.nix');
  writeAtomic(expression, `host:\n${diskoExpression('web')}\n`, 0o644);
  const { stdout } = await run({
    doing: `evaluating ${name}`,
    argv: [
      ...(['nix-instantiate', '--eval', '--strict', '--json', join(here, 'disko.nix')] as const),
      ...['--arg', 'nixpkgs', resolve(nixpkgs!), '--arg', 'disko', resolve(disko!)],
      ...['--arg', 'expression', expression, '--argstr', 'layout', name],
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutSeconds: 1800,
  });
  return JSON.parse(stdout) as Evaluated;
}

/** Beside each other, as DABEI_DISKO_SCRIPT wants them. */
function keep(name: string, { script }: Evaluated): void {
  writeAtomic(join(directory!, name), script, 0o755);
  cpSync(join(disko!, 'disk-deactivate'), join(directory!, 'disk-deactivate'), { recursive: true });
}

/** What does not hold, one line each. */
function faultsOf(name: string, row: Row, { script, withPrograms, layout }: Evaluated): string[] {
  const members = row.disks.map(path => disk({ path, serial: path }));
  const given = (keyFiles: readonly string[]) => [
    ...scriptFaults(script, { members, disks: members, keyFiles, isFile: () => false }),
    ...diskFaults(layout.devices ?? [], members, members),
  ];
  const programs = programsNeededBy(script);
  const missing = missingPrograms(programs.filter(program => absentPrograms.includes(program)));
  const codes = [...given(row.keys ?? []), ...(missing === null ? [] : [missing])].map(({ code }) => code);
  const holds: [string, () => void][] = [
    ['refusals', () => assert.deepEqual([...new Set(codes)], row.refused ?? [])],
    ['keys', () => assert.equal(given([]).filter(({ code }) => code === 'DISKO_KEY').length, row.keys?.length ?? (row.refused?.includes('DISKO_KEY') ? 1 : 0))],
    ['programs', () => assert.deepEqual(commandsIn(script).filter(word => !programs.includes(word)), [])],
    ['a script with its programs', () => assert.deepEqual(programsNeededBy(withPrograms), [])],
    ['disks that it keeps', () => assert.equal(layout.kept?.length, name === 'keeps' ? 1 : 0)],
    ['mounts', () => assert.deepEqual(mountsOf(layout), name in ownersLayouts ? mountsOfWorld(name as LayoutName) : mountsOf(layout))],
  ]; // prettier-ignore
  return holds.flatMap(([what, check]) => {
    try {
      check();
      return [];
    } catch (thrown) {
      return [`${what}: ${String(thrown).replaceAll('\n', ' ')}`];
    }
  });
}

/** Words where bash expects a command. */
function commandsIn(script: string): string[] {
  const words = script
    .replace(/\\\n\s*/g, ' ')
    .replace(/^\s*(?:#|declare ).*$|\bfor \w+ in[^;\n]*/gm, '')
    .split(/&&|\|\||[;|\n]|\$\(|<\(|\(|\)|\b(?:then|do|else|if|elif|until)\b|! /)
    .map(part => /^\s*(?:\w+=\S* +)*([a-z][\w.-]*)(?=\s|$)/i.exec(part)?.[1] ?? '');
  const keywords = ['', 'done', 'else', 'fi', 'for', 'while'];
  return [...new Set(words)].filter(word => !keywords.includes(word) && !ownWords.has(word));
}

function mountsOf({ fileSystems }: Layout): string[] {
  return fileSystems
    .map(({ mountPoint, device, fsType, options }) => `${mountPoint} ${device} ${fsType} ${options.find(option => option.startsWith('subvol=')) ?? ''}`)
    .sort(); // prettier-ignore
}

function mountsOfWorld(name: LayoutName): string[] {
  const fileSystems = Object.entries(ownersLayouts[name].fileSystems).map(
    ([mountPoint, [device, fsType, options = []]]) => ({ mountPoint, device, fsType, options: [...options] }),
  );
  return mountsOf({ fileSystems });
}
