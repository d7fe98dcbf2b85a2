import type { ScreenState } from '../../../agent/screen/state.ts';

/** States of machines, for golden screens and documents. */

const mebibyte = 2 ** 20;

const rescue: ScreenState = {
  product: 'nix-dabei 0.2.0',
  hostName: 'nix-dabei',
  machine: 'Example Computer Model 7',
  memory: { freeBytes: 402.5 * mebibyte, totalBytes: 487.3 * mebibyte },
  phase: 'rescue',
  stage: { name: 'rescue', index: 4, of: 4 },
  copied: null,
  reasons: [],
  links: [{ name: 'eth0', addresses: ['192.0.2.77', '2001:db8::5054:ff:feda:be01'] }],
  sshPort: 22,
  onion: null,
  hostKeys: ['SHA256:zqxQ0cKvMyXV7JzGMTEcBPMTUMFjyB3jtQhA1GS1k/o (ED25519)'],
  login: { by: 'password', password: 'lusab-babad-gutih-tugad' },
  shell: 'root',
};

const installing: ScreenState = {
  ...rescue,
  hostName: 'web-01',
  phase: 'running',
  stage: { name: 'install', index: 8, of: 10 },
  copied: { share: 0.5, text: '48 of 96 paths, 310.2 MiB of 620.4 MiB, 12.1 MiB/s, 26 s left' },
  login: { by: 'key' },
  shell: 'off',
};

const failed: ScreenState = {
  ...installing,
  phase: 'failed',
  stage: { name: 'plan', index: 4, of: 10 },
  copied: null,
  reasons: [
    {
      code: 'DISK_NOT_FOUND',
      problem: 'no disk matches "/dev/vdz"; there are:\n  /dev/vda (256 MiB, virtio, serial "first"): empty',
      remedy: 'attach a larger disk, or name another one',
    },
  ],
};

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    code: 'CONFIG_SCHEMA' as const,
    problem: `/dabei.json:${index + 3}:7 network.interfaces[${index}].addresses[0]: is not a valid address…`,
    remedy: 'write it as "192.0.2.7/24"',
  }));

type Name =
  | 'starting'
  | 'rescue'
  | 'without-address'
  | 'without-card'
  | 'ipv6-other-port'
  | 'installing'
  | 'failed'
  | 'failed-often'
  | 'onion';

export const states: Record<Name, ScreenState> = {
  starting: {
    ...rescue,
    phase: 'running',
    stage: { name: 'config', index: 0, of: 0 },
    links: [{ name: 'eth0', addresses: [] }],
    hostKeys: [],
  },
  rescue,
  'without-address': {
    ...rescue,
    links: [
      { name: 'eth0', addresses: [] },
      { name: 'eth1', addresses: [] },
    ],
  },
  'without-card': { ...rescue, links: [], machine: null },
  'ipv6-other-port': {
    ...rescue,
    links: [{ name: 'enp0s31f6', addresses: ['2001:db8:1234:5678:9abc:def0:1234:5678'] }],
    sshPort: 2222,
    login: { by: 'nobody' },
  },
  installing,
  failed,
  'failed-often': {
    ...failed,
    stage: { name: 'config', index: 1, of: 10 },
    reasons: many(12),
    links: installing.links,
  },
  onion: {
    ...rescue,
    onion: {
      address: '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion',
      note: 'Tor connects: 45 %',
    },
  },
};
