import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Facts } from '../../agent/facts.ts';
import { facterReport } from '../../agent/hardware/facter.ts';
import { hardwareConfiguration } from '../../agent/hardware/hardware-configuration.ts';
import type { Hardware } from '../../agent/hardware/hardware.ts';
import { run } from '../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../agent/host/files.ts';
import { disk, facts, machine } from '../fixtures/disks.ts';
import { link } from '../unit/plan/example.ts';

/**
 * Evaluates dabei's answers to `nixos-anywhere --generate-hardware-config` with the modules of a real nixpkgs tree:
 *
 *   node --import=tsx --import=./test/support/nix-text.mjs test/nixos/hardware.ts NIXPKGS
 *
 * Needs nix-instantiate in PATH and about 1 GB of RAM; 10 s an answer, no network.
 */

interface Evaluated {
  toplevel: string;
  warnings: string[];
  failedAssertions: string[];
  platform: string;
  kernelModules: string[];
  stage1: string[];
  microcode: { amd: boolean; intel: boolean };
  firmware: boolean;
  hyperV: boolean;
  useDHCP: boolean;
}

const of = (changes: Partial<Facts['machine']>, rest: Partial<Facts>, flags: string[] = []): Hardware => ({
  facts: facts([disk()], { machine: { ...machine, ...changes }, ...rest }),
  devices: [],
  health: [],
  processors: 2,
  processorFlags: flags,
  memory: null,
});

/** What both answers must come to. */
const machines: Record<string, { hardware: Hardware; expected: (found: Evaluated) => boolean }> = {
  KVM: {
    hardware: of({}, { links: [link({ name: 'eth0', mac: '52:54:00:00:00:01', drivers: ['virtio_net', 'virtio_pci'], modalias: 'virtio:d00000001v00001AF4' })] }),
    expected: ({ stage1, microcode }) => stage1.includes('virtio_net') && !microcode.amd && !microcode.intel,
  },
  'bare metal, Intel': {
    hardware: of(
      { cpuVendor: 'Intel', virtualization: false },
      { firmware: 'uefi', disks: [disk({ transport: 'nvme', drivers: ['nvme'] })] },
      ['vmx'],
    ),
    expected: ({ stage1, microcode, firmware, kernelModules }) =>
      stage1.includes('nvme') && microcode.intel && !microcode.amd && firmware && kernelModules.includes('kvm-intel'),
  },
  'bare metal, AMD': {
    hardware: of({ virtualization: false }, {}, ['svm']),
    expected: ({ microcode, kernelModules }) => microcode.amd && kernelModules.includes('kvm-amd'),
  },
  'Hyper-V': {
    hardware: of({ virtualization: 'Microsoft' }, { disks: [disk({ drivers: ['sd_mod', 'hv_storvsc'] })] }),
    expected: ({ stage1, hyperV }) => hyperV && stage1.includes('hv_storvsc'),
  },
  'no hypervisor and no processor that is known': {
    hardware: of({ cpuVendor: null, virtualization: true }, { disks: [disk({ drivers: [], transport: null })] }),
    expected: ({ stage1 }) => stage1.includes('megaraid_sas') && stage1.includes('virtio_blk'),
  },
}; // prettier-ignore

const [nixpkgs] = process.argv.slice(2);
if (nixpkgs === undefined) throw new Error('usage: hardware.ts NIXPKGS');
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'dabei-hardware-'));
try {
  for (const [name, { hardware, expected }] of Object.entries(machines)) {
    const answers = {
      'hardware-configuration.nix': hardwareConfiguration(hardware),
      'facter.json': JSON.stringify(facterReport(hardware)),
    };
    for (const [file, text] of Object.entries(answers)) {
      writeAtomic(join(work, file), text, 0o644);
      const found = await evaluate(join(work, file));
      assert.deepEqual(found.failedAssertions, [], `${name}, ${file}`);
      assert.deepEqual(found.warnings, [], `${name}, ${file}`);
      assert.equal(found.platform, 'x86_64-linux');
      assert.ok(expected(found), `${name}, ${file}: ${JSON.stringify(found)}`);
      console.log(`ok      ${name}, ${file}`);
    }
  }
} finally {
  remove(work);
}

async function evaluate(file: string): Promise<Evaluated> {
  const { stdout } = await run({
    doing: `evaluating ${file}`,
    argv: [
      ...['nix-instantiate', '--eval', '--strict', '--json', join(here, 'hardware.nix')],
      ...['--arg', 'nixpkgs', resolve(nixpkgs!), '--arg', 'file', file],
      ...['--arg', 'facter', String(file.endsWith('.json'))],
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutSeconds: 900,
  });
  return JSON.parse(stdout) as Evaluated;
}
