import { blindDevices, describeDisks, parseLsblk, parseWipefs } from '../../../agent/host/machine/lsblk.ts';
import { parsePoolDevices } from '../../../agent/host/machine/pools.ts';
import { parseEntry } from '../../../agent/plan/disks/journal.ts';
import { renderPlainText } from '../plain.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { mutateJson, mutateLines } from '../mutate.ts';
import type { Random } from '../random.ts';
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

/** A power cut may leave any beginning of a file, too. */
function journalText(random: Random): string {
  const text = JSON.stringify(mutateJson(random, entry, random.integer(0, 3)));
  return random.chance(0.2) ? text.slice(0, random.integer(0, text.length)) + random.word() : text;
}

const journal: Target = {
  name: 'journal on the ESP',
  generate: journalText,
  decode: input => (parseEntry(textOf(input)) === null ? 'refused' : undefined),
  // A value of another stage or version is refused, and there is little else in it.
  leastParsed: 0.2,
};

export const diskTargets: Target[] = [lsblk, wipefs, pools, journal];
