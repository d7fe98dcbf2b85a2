import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ErrorCode } from '../../agent/errors.ts';
import { attempt } from '../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../agent/host/files.ts';
import { hostFlake } from '../../agent/plan/host-flake/host-flake.ts';
import { lockAndEvaluate } from '../../agent/plan/nix/evaluate.ts';
import { nixIn } from '../../agent/plan/nix/nix-step.ts';
import { toplevelExpression } from '../../agent/plan/nix/toplevel-expression.ts';
import type { RunStep } from '../../agent/plan/step.ts';
import { config, machines } from '../unit/plan/machines.ts';

/**
 * Shapes of NixOS that an owner's flake may have, against a real nixpkgs tree: what the evaluation of an installation makes of
 * each. docs/system/nixos.md has the same table for people; test/unit/plan/nix/pure.test.ts has what needs a store (import from derivation).
 *
 *   node --import=tsx --import=./test/support/nix-text.mjs test/nixos/shapes.ts NIXPKGS [NAME...]
 *
 * Needs what evaluate.ts needs. Prints a table; ends with 1 where something does not hold.
 */

interface Values {
  loaders: string[];
  grubForEfi: boolean;
  gitMinimal: boolean;
  specialisations: Record<string, boolean>;
}

interface Shape {
  /** The name in shapes.nix; the row's own without it. */
  shape?: string;
  firmware?: 'bios' | 'uefi';
  allowDisabledSsh?: boolean;
  /** The evaluation is refused. */
  refused?: { code: ErrorCode; says: RegExp };
  /** The evaluation warns. */
  warns?: RegExp;
  /** It is accepted, and has these values. */
  has?: Partial<Values>;
}

const systemdBoot = { loaders: ['systemd-boot'] };
const grub = { loaders: ['grub'], grubForEfi: false };
const evaluation = (says: RegExp): Shape => ({ refused: { code: 'FLAKE_EVALUATION', says } });

const rows: Readonly<Record<string, Shape>> = {
  plain: { has: { ...systemdBoot, gitMinimal: false } },
  'plain, BIOS': { shape: 'plain', firmware: 'bios', has: grub },
  'etc-overlay': {},
  'etc-read-only': evaluation(/the \/etc of the system is read-only/),
  perlless: { has: { ...systemdBoot, gitMinimal: true } },
  'perlless, BIOS': { shape: 'perlless', firmware: 'bios', ...evaluation(/the system forbids perl/) },
  bashless: evaluation(/the system cannot be switched to/),
  'nixos-init': {},
  lanzaboote: { has: systemdBoot },
  'lanzaboote, BIOS': { shape: 'lanzaboote', firmware: 'bios', has: grub },
  limine: { has: systemdBoot },
  'limine, BIOS': { shape: 'limine', firmware: 'bios', has: grub },
  refind: { has: systemdBoot },
  'grub-removable': { has: systemdBoot },
  'grub-removable, BIOS': { shape: 'grub-removable', firmware: 'bios', has: grub },
  'initrd-without-zfs': evaluation(/boot\.initrd\.supportedFilesystems is without zfs/),
  xbootldr: { has: systemdBoot },
  'init-script': { has: systemdBoot },
  'init-script, BIOS': { shape: 'init-script', firmware: 'bios', has: grub },
  'unlock-shell': { warns: /`unlock` does not start by SSH: .* is \/bin\/systemd-tty-ask-password-agent,/ },
  'initrd-secret': { warns: /boot\.initrd\.secrets takes files that dabei does not write: \/etc\/secrets\/key\./ },
  specialisations: { has: { specialisations: { debug: true } } },
  'specialisation-of-its-own': {
    warns: /specialisations without the configuration of the machine .*: other\./,
    has: { specialisations: { other: false } },
  },
  'no-password': {},
  'no-ssh': { refused: { code: 'NO_LOGIN', says: /services\.openssh\.enable is false/ } },
  'no-ssh, allowed': { shape: 'no-ssh', allowDisabledSsh: true },
  aarch64: evaluation(/the system is for aarch64-linux, and this machine is x86_64-linux/),
  i686: evaluation(/the system is for i686-linux, and this machine is x86_64-linux/),
  unfree: evaluation(/unfree/),
  'unfree-allowed': {},
}; // prettier-ignore

const [nixpkgs, ...only] = process.argv.slice(2);
if (nixpkgs === undefined) throw new Error('usage: shapes.ts NIXPKGS [NAME...]');
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'dabei-shapes-'));
let failures = 0;
try {
  for (const [name, row] of Object.entries(rows)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const wrong = await faults(name, row);
    console.log(`${wrong.length === 0 ? 'ok     ' : 'NOT OK '} ${name}`);
    for (const line of wrong) console.log(`          ${line}`);
    failures += wrong.length;
  }
} finally {
  remove(work);
}
process.exitCode = failures === 0 ? 0 : 1;

/** What does not hold of a row, one line each. */
async function faults(name: string, row: Shape): Promise<string[]> {
  const machine = machines['uefi-user-flake-static'];
  const wanted = config({
    ...{ hostName: 'web-01', rootAuthorizedKeys: machine.config.rootAuthorizedKeys },
    system: { flake: 'github:me/infra#web', allowDisabledSsh: row.allowDisabledSsh ?? false },
  });
  const facts = { ...machine.facts, firmware: row.firmware ?? 'uefi' } as const;
  const directory = join(work, 'flake');
  for (const [file, text] of Object.entries(hostFlake(wanted, facts, machine.storage)))
    writeAtomic(join(directory, file), text, 0o644);
  const expression = join(work, 'expression.nix');
  writeAtomic(expression, `host: ${toplevelExpression(wanted, facts.system)}\n`, 0o644);
  const { exitCode, stdout, stderr } = await attempt({
    doing: `evaluating ${name}`,
    argv: [
      ...(['nix-instantiate', '--eval', '--strict', '--json', join(here, 'shapes.nix')] as const),
      ...['--arg', 'nixpkgs', resolve(nixpkgs!), '--arg', 'directory', directory, '--arg', 'expression', expression],
      ...['--argstr', 'shape', row.shape ?? name],
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutSeconds: 1800,
  });
  const code = exitCode === 0 ? null : codeOf(wanted, stderr);
  const last = stderr.trim().split('\n').slice(-3).join(' | ');
  if (code !== (row.refused?.code ?? null)) return [`${code ?? 'accepted'}, instead of ${row.refused?.code ?? 'accepted'}: ${last}`];
  if (row.refused) return row.refused.says.test(stderr) ? [] : [`says: ${last}`];
  const warnings = stderr.split('\n').filter(line => /^(evaluation )?(warning|trace):/.test(line));
  const unexpected = warnings.filter(line => !row.warns?.test(line));
  const values = JSON.parse(stdout) as Values;
  return [
    ...unexpected,
    ...(row.warns && !warnings.some(line => row.warns!.test(line)) ? ['no warning'] : []),
    ...Object.entries(row.has ?? {}).flatMap(([key, value]) => {
      const seen = JSON.stringify(values[key as keyof Values]);
      return seen === JSON.stringify(value) ? [] : [`${key} is ${seen} instead of ${JSON.stringify(value)}`];
    }),
  ];
} // prettier-ignore

/** The code of the error, as the step of an installation has it. */
function codeOf(wanted: ReturnType<typeof config>, stderr: string): ErrorCode {
  const place = { root: '/', flake: '/', check: '/', derivation: '/', memoryBytes: 0 };
  const step = lockAndEvaluate(nixIn({}, []), wanted, 'x86_64-linux', place).find(
    (each): each is RunStep => each.kind === 'run' && each.whenSaying !== undefined,
  )!;
  return step.whenSaying!.find(({ pattern }) => pattern.test(stderr))?.code ?? step.errorCode!;
}
