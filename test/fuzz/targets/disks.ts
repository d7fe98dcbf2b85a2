import { blindDevices, describeDisks, parseLsblk, parseWipefs } from '../../../agent/host/machine/lsblk.ts';
import { parsePoolDevices } from '../../../agent/host/machine/pools.ts';
import { recordedStages, latest, parseEntry } from '../../../agent/plan/disks/install-state.ts';
import { renderPlainText } from '../plain.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { mutateJson, mutateLines, mutateText } from '../mutate.ts';
import type { Random } from '../../support/random.ts';
import { textOf, type Target } from '../target.ts';

/** What disks and the tools that look at them say. A disk's serial number and labels are anybody's text. */

const trees = ['host', 'remains'].map(
  name => JSON.parse(files.readText(checkout('test/fixtures/lsblk', `${name}.json`))) as unknown,
);

const lsblk: Target = {
  name: 'lsblk',
  generate: random => JSON.stringify(mutateJson(random, random.pick(trees), random.integer(1, 3))),
  decode: input => {
    const tree = parseLsblk(textOf(input));
    blindDevices(tree);
    const sources = {
      links: new Map(),
      signatures: new Map(),
      drivers: new Map(),
      attachments: new Map(),
      pools: [],
    };
    for (const disk of describeDisks(tree, sources)) renderPlainText(disk);
  },
};

const signatures = {
  signatures: [
    { device: '/dev/vda', offset: '0x1fe', type: 'dos', uuid: null, label: null },
    { device: '/dev/vda', offset: '0x438', type: 'ext4', uuid: '4f3a', label: 'root' },
    { device: '/dev/vda', offset: '0x3f000', type: 'zfs_member', uuid: '123', label: 'rpool' },
  ],
};

const wipefs: Target = {
  name: 'wipefs',
  generate: random => JSON.stringify(mutateJson(random, signatures, random.integer(1, 3))),
  decode: input => void parseWipefs(textOf(input)),
};

const zpoolList = [
  'rpool',
  '\tmirror-0',
  '\t/dev/disk/by-partuuid/aaaa',
  '\t/dev/nvme0n1p4',
  'logs\t-\t-',
  '\t/dev/sda',
  'tank',
  '\t/dev/dm-0',
].join('\n');

const pools: Target = {
  name: 'zpool list',
  generate: random => mutateLines(random, zpoolList, random.integer(1, 4)),
  decode: input => void parsePoolDevices(textOf(input), ['rpool', 'tank', 'logs']),
};

const entry = {
  version: 1,
  stage: 'nuke-disk',
  configuration: 'ab'.repeat(32),
  layout: 'cd'.repeat(32),
  partitions: ['aaaaaaaa-0000-8000-8000-000000000001', 'aaaaaaaa-0000-8000-8000-000000000002'],
};

/** Mostly an entry that some installation could have written; a power cut may leave any beginning of a file, too. */
function installStateText(random: Random): string {
  const own = {
    ...entry,
    stage: random.pick(recordedStages),
    configuration: random.chance(0.8) ? random.hex(64) : mutateText(random, entry.configuration),
    layout: random.chance(0.8) ? random.hex(64) : mutateText(random, entry.layout),
    partitions: random.list(0, 4, () =>
      random.chance(0.8) ? random.pick(entry.partitions) : mutateText(random, entry.partitions[0]!),
    ),
    ...(random.chance(0.2) && { later: random.word() }),
  };
  if (random.chance(0.65)) return JSON.stringify(own);
  const text = JSON.stringify(mutateJson(random, own, random.integer(1, 3)));
  return random.chance(0.4) ? text.slice(0, random.integer(0, text.length)) + random.word() : text;
}

const installState: Target = {
  name: 'install state on the ESP',
  generate: installStateText,
  decode: input => {
    const read = parseEntry(textOf(input));
    if (read === null) return 'refused';
    if (latest([read])?.stage !== read.stage) throw new Error('another stage is the latest of one');
  },
};

export const diskTargets: Target[] = [lsblk, wipefs, pools, installState];
