import { configSchema, type ConfigInput } from '../../../../../agent/config/schema.ts';
import type { Disk } from '../../../../../agent/facts.ts';
import type { InstallStateEntry, RecordedStage } from '../../../../../agent/plan/disks/install-state.ts';
import { content, disk } from '../../../../fixtures/disks.ts';

export const guids = (name: string) => ['bios', 'esp', 'swap', 'zfs'].map(part => `${name}-${part}`);
export const signatures = [null, 'vfat', null, 'zfs_member'];

/** A disk that an earlier start partitioned; `found` are the signatures of its partitions. */
export function partitioned(name: string, found: readonly (string | null)[] = signatures): Disk {
  const parts = guids(name).map((partUuid, index) =>
    content(`/dev/${name}${index + 1}`, { partUuid, signature: found[index] ?? null }),
  );
  const table = content(`/dev/${name}`, { deviceType: 'disk', signature: 'gpt' });
  return disk({ path: `/dev/${name}`, contents: [table, ...parts] });
}

export const entry = (stage: RecordedStage, changes: Partial<InstallStateEntry> = {}): InstallStateEntry => ({
  version: 1,
  stage,
  configuration: 'C',
  layout: 'L',
  partitions: [...guids('vda'), ...guids('vdb')],
  ...changes,
});
export const traces = (...entries: (InstallStateEntry | null)[]) =>
  entries.map((entry, index) => ({ disk: ['/dev/vda', '/dev/vdb'][index]!, entry, bootLoader: false }));
export const pool = (stage: string, configuration = 'C') => ({ stage, configuration });

export const input: ConfigInput = {
  hostName: 'web-01',
  disks: { devices: ['/dev/vda'], key: 'correct horse battery' },
  system: {},
};
export const parse = (changes: Partial<ConfigInput> = {}) => configSchema.parse({ ...input, ...changes });
