import type { Reading } from '../metadata/learnt.ts';
import { readOpenStack } from '../metadata/openstack.ts';
import type { Answers } from '../metadata/source.ts';
import { readNoCloud } from './nocloud.ts';

/** Volumes with a seed, as data: their labels, their files, and how those are read. The config drive comes first: Nova's is whole. */
export interface SeedVolume {
  name: string;
  labels: readonly string[];
  /** Question -> path on the volume. */
  files: Readonly<Record<string, string>>;
  decode: (answers: Answers) => Reading;
}

export const seedVolumes: readonly SeedVolume[] = [
  {
    // Nova, "Config drives".
    name: 'config drive',
    labels: ['config-2', 'CONFIG-2'],
    files: {
      metadata: 'openstack/latest/meta_data.json',
      network: 'openstack/latest/network_data.json',
      userData: 'openstack/latest/user_data',
    },
    decode: readOpenStack,
  },
  {
    // cloud-init, "NoCloud".
    name: 'NoCloud',
    labels: ['cidata', 'CIDATA'],
    files: { metadata: 'meta-data', userData: 'user-data', network: 'network-config' },
    decode: readNoCloud,
  },
];

/** A seed is on one of these; both can be read without a write. */
export const seedFileSystems = ['iso9660', 'vfat'] as const;
