import { describeDisks, parseLsblk, type DiskSources } from '../../../../../agent/host/machine/lsblk.ts';

export const nothing: DiskSources = {
  links: new Map(),
  signatures: new Map(),
  drivers: new Map(),
  attachments: new Map(),
  pools: [],
};

/** As lsblk prints a device, of which only some columns matter to a case. */
export function node(path: string, columns: object = {}) {
  return {
    path,
    type: 'disk',
    size: 8 * 2 ** 30,
    'log-sec': 512,
    'phy-sec': 512,
    mountpoints: [],
    ...columns,
  };
}

export function part(path: string, columns: object = {}) {
  return node(path, { type: 'part', size: 2 ** 30, pttype: 'gpt', ...columns });
}

export function read(devices: object[], sources: Partial<DiskSources> = {}) {
  const tree = parseLsblk(JSON.stringify({ blockdevices: devices }));
  return describeDisks(tree, { ...nothing, ...sources });
}
