import type { Moment } from './moment.ts';
import { median } from './report.ts';

/** The tables of the bench "peers". Pure. */

/** What was measured of one image; one moment a run. */
export interface Peer {
  bytes: number;
  leastMiB: number;
  prompt: readonly Moment[];
  /** By its own word; only dabei gives one. */
  network?: readonly Moment[];
  /** Seen from outside of the machine. */
  reached: readonly Moment[];
}

export const comparisonHead = ['', 'nix-dabei', 'Debian installer', 'ratio'] as const;

/** Rows of cells: what, ours, theirs, and how many times ours theirs is. */
export function comparisonRows(ours: Peer, theirs: Peer): string[][] {
  const row = (what: string, our: number, their: number, digits: number) => [
    what,
    formatNumber(our, digits),
    formatNumber(their, digits),
    (their / our).toFixed(2),
  ];
  const moments = (what: string, kind: keyof Moment) => {
    const of = (moments: readonly Moment[]) => median(moments.map(moment => moment[kind]));
    return [
      row(`first prompt on the console, ${what}`, of(ours.prompt), of(theirs.prompt), 1),
      ...(ours.network === undefined
        ? []
        : [[`network up, by the log, ${what}`, formatNumber(of(ours.network), 1), '', '']]),
      row(`network up, seen from outside, ${what}`, of(ours.reached), of(theirs.reached), 1),
    ];
  };
  return [
    row('kernel and initrd, bytes', ours.bytes, theirs.bytes, 0),
    row('least RAM with the network up, MiB', ours.leastMiB, theirs.leastMiB, 0),
    ...moments('s', 'seconds'),
    ...moments('s of CPU', 'cpuSeconds'),
  ];
}

function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export interface Published {
  name: string;
  size: string;
  memory: string;
  source: string;
}

/** Of images that were not run here: what their projects say. Nobody among them publishes seconds. */
export const published: readonly Published[] = [
  {
    name: 'nixos-images, kexec',
    size: '419 MiB tarball',
    memory: '1 GB; its test has 2 GiB',
    source: 'nixos-anywhere issue 651 (2026); README; nix/kexec-installer/test.nix (2025)',
  },
  {
    name: 'Fedora CoreOS, live PXE',
    size: 'about 600 MiB initramfs and root',
    memory: '2 GiB; 4 GiB with the root appended',
    source: 'fedora-coreos-tracker issue 390 (2020); documentation, live reference',
  },
  {
    name: 'Flatcar, PXE',
    size: '54 to 58 MiB kernel with initrd, without the rest of its PXE files',
    memory: '3 GB',
    source: 'Flatcar issue 688 (2022); documentation, booting with PXE',
  },
  {
    name: 'Talos, metal',
    size: '57.7 MB initramfs (1.4), kernel not counted',
    memory: '1 GiB worker, 2 GiB control plane',
    source: 'talos issue 6931 (2023); documentation',
  },
  {
    name: 'Tinkerbell HookOS',
    size: '180 MB tarball',
    memory: 'none stated; aims at machines with 2 GB',
    source: 'tinkerbell/hook issue 225 (2024)',
  },
];

export const publishedHead = ['published', 'size', 'RAM', 'by'] as const;

/** The rows of the table of published figures. */
export function publishedRows(): string[][] {
  return published.map(({ name, size, memory, source }) => [name, size, memory, source]);
}
