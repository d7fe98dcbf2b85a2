import t from 'tap';
import type { Disk } from '../../../../../agent/facts.ts';
import {
  decide,
  mayContinue,
  type Asked,
  type Beginning,
  type Found,
  type InstallStateEntry,
} from '../../../../../agent/plan/disks/install-state.ts';
import { content, disk } from '../../../../fixtures/disks.ts';
import { entry, guids, partitioned, pool, traces } from './partitioned.ts';

const asked = (disks: readonly Disk[], wipe = false): Asked => ({
  configuration: 'C',
  layout: 'L',
  members: disks.map(disk => ({ disk, partitions: guids(disk.path.slice(5)) })),
  wipe,
});

const one = [partitioned('vda')];
const started = (...entries: (InstallStateEntry | null)[]) =>
  traces(...entries).map(trace => ({ ...trace, bootLoader: true }));

const because = (beginning: Beginning) =>
  'because' in beginning ? beginning.because : 'warning' in beginning ? beginning.warning : '';

interface Case {
  name: string;
  disks?: readonly Disk[];
  wipe?: boolean;
  found: Found;
  /** "continue AT", "over", "new" or an error's code. */
  outcome: string;
  says?: RegExp;
  own: string[];
}

const cases: Case[] = [
  {
    name: 'an empty disk',
    disks: [disk()],
    found: { traces: traces(null), pool: null },
    outcome: 'fresh',
    own: [],
  },
  {
    name: "somebody's data",
    disks: [disk({ contents: [content('/dev/vda1', { signature: 'ext4', partUuid: 'x' })] })],
    found: { traces: traces(null), pool: null },
    outcome: 'fresh',
    own: [],
  },
  {
    name: 'cut right after partitioning: our partitions, and nothing on them',
    disks: [partitioned('vda', [])],
    found: { traces: traces(null), pool: null },
    outcome: 'restart',
    says: /after it had partitioned/,
    own: ['/dev/vda'],
  },
  {
    name: 'the same, with an ESP that was formatted and has no journal yet',
    disks: [partitioned('vda', [null, 'vfat'])],
    found: { traces: traces(null), pool: null },
    outcome: 'restart',
    own: ['/dev/vda'],
  },
  {
    name: 'our partitions with a pool, but no journal: it may be in use',
    found: { traces: traces(null), pool: null },
    outcome: 'fresh',
    own: [],
  },
  {
    name: 'cut before the pool was complete',
    found: { traces: traces(entry('partitioned')), pool: null },
    outcome: 'restart',
    says: /the pool was not complete/,
    own: ['/dev/vda'],
  },
  {
    name: "a partition that is none of ours makes it somebody's disk",
    disks: [
      disk({
        contents: [...one[0]!.contents, content('/dev/vda5', { partUuid: 'foreign', signature: 'ext4' })],
      }),
    ],
    found: { traces: traces(entry('partitioned')), pool: null },
    outcome: 'restart',
    own: [],
  },
  {
    name: 'cut after nuke-disk',
    found: { traces: traces(entry('nuke-disk')), pool: pool('nuke-disk') },
    outcome: 'continue host-flake',
    says: /nuke-disk was completed/,
    own: ['/dev/vda'],
  },
  {
    name: 'cut while installing',
    found: { traces: traces(entry('host-flake')), pool: pool('host-flake') },
    outcome: 'continue host-flake',
    own: ['/dev/vda'],
  },
  {
    name: 'the pool knows more than the ESP',
    found: { traces: traces(entry('host-flake')), pool: pool('install') },
    outcome: 'continue boot-loader',
    says: /install was completed/,
    own: ['/dev/vda'],
  },
  {
    name: 'cut while the boot loader was installed',
    found: { traces: traces(entry('install')), pool: pool('install') },
    outcome: 'continue boot-loader',
    own: [],
  },
  {
    name: 'another passphrase, before there was a boot loader',
    found: { traces: traces(entry('nuke-disk')), pool: { problem: 'disks.key does not open the pool' } },
    outcome: 'restart',
    says: /disks\.key does not open/,
    own: ['/dev/vda'],
  },
  {
    name: 'another passphrase, once there may be a boot loader',
    found: { traces: traces(entry('install')), pool: { problem: 'disks.key does not open the pool' } },
    outcome: 'DISK_INSTALLED',
    says: /disks\.key does not open/,
    own: [],
  },
  {
    name: 'the same, with permission to erase',
    wipe: true,
    found: { traces: traces(entry('install')), pool: { problem: 'disks.key does not open the pool' } },
    outcome: 'restart',
    own: [],
  },
  {
    name: 'another configuration',
    found: { traces: traces(entry('nuke-disk', { configuration: 'D' })), pool: null },
    outcome: 'restart',
    says: /the configuration has changed/,
    own: ['/dev/vda'],
  },
  {
    name: 'another layout',
    found: { traces: traces(entry('nuke-disk', { layout: 'M' })), pool: null },
    outcome: 'restart',
    says: /disk layout has changed/,
    own: ['/dev/vda'],
  },
  {
    name: 'the pool of another installation',
    found: { traces: traces(entry('nuke-disk')), pool: pool('nuke-disk', 'D') },
    outcome: 'restart',
    says: /another installation/,
    own: ['/dev/vda'],
  },
  {
    name: 'a mirror of which one disk was replaced',
    disks: [partitioned('vda'), disk({ path: '/dev/vdb' })],
    found: { traces: traces(entry('nuke-disk'), null), pool: null },
    outcome: 'restart',
    says: /\/dev\/vdb was not part of/,
    own: ['/dev/vda'],
  },
  {
    name: 'a mirror, cut between its two ESPs',
    disks: [partitioned('vda'), partitioned('vdb')],
    found: { traces: traces(entry('install'), entry('host-flake')), pool: pool('install') },
    outcome: 'continue boot-loader',
    own: ['/dev/vdb'],
  },
  {
    name: 'a boot loader that somebody installed by hand where an installation had stopped',
    found: { traces: started(entry('host-flake')), pool: pool('host-flake') },
    outcome: 'DISK_INSTALLED',
    says: /a boot loader is present that this installation had not yet installed/,
    own: [],
  },
  {
    name: 'the same, by another configuration',
    found: { traces: started(entry('host-flake', { configuration: 'D' })), pool: null },
    outcome: 'DISK_INSTALLED',
    says: /configuration has changed/,
    own: [],
  },
  {
    name: 'the same with permission to erase',
    wipe: true,
    found: { traces: started(entry('host-flake')), pool: pool('host-flake') },
    outcome: 'restart',
    own: [],
  },
  {
    name: 'a boot loader, and the note before it lost: the pool knows',
    found: { traces: started(entry('host-flake')), pool: pool('install') },
    outcome: 'continue boot-loader',
    own: [],
  },
  {
    name: 'a finished installation of the same configuration',
    found: { traces: traces(entry('boot-loader')), pool: null },
    outcome: 'DISK_INSTALLED',
    says: /already installed/,
    own: [],
  },
  {
    name: 'the same with permission to erase: not silently, again and again',
    wipe: true,
    found: { traces: traces(entry('boot-loader')), pool: null },
    outcome: 'DISK_INSTALLED',
    own: [],
  },
  {
    name: 'a finished installation of another configuration is data like any other',
    found: { traces: traces(entry('boot-loader', { configuration: 'D' })), pool: null },
    outcome: 'fresh',
    own: [],
  },
  {
    name: 'a copy of a disk image, whose GUIDs are no longer those of the record',
    wipe: true,
    found: {
      traces: started(entry('boot-loader', { configuration: 'D', partitions: guids('image') })),
      pool: null,
    },
    outcome: 'fresh',
    says: /^a finished installation of another configuration will be erased$/,
    own: [],
  },
];

for (const { name, disks = one, wipe = false, found, outcome, says, own } of cases) {
  t.test(name, async t => {
    const { beginning, own: owned } = decide(asked(disks, wipe), found);
    const told =
      beginning.kind === 'resume'
        ? `continue ${beginning.at}`
        : beginning.kind === 'refuse'
          ? beginning.reason.code
          : beginning.kind;
    t.equal(told, outcome);
    if (says) t.match(beginning.kind === 'refuse' ? beginning.reason.problem : because(beginning), says);
    if (beginning.kind === 'refuse') t.ok(beginning.reason.remedy, 'says what to do');
    t.same([...owned], own);
  });
}

t.test('the pool is asked only where everything else fits', async t => {
  t.ok(mayContinue(asked(one), traces(entry('nuke-disk'))));
  t.notOk(mayContinue(asked(one), traces(null)));
  t.notOk(mayContinue(asked(one), traces(entry('partitioned'))));
  t.notOk(mayContinue(asked(one), traces(entry('boot-loader'))));
  t.notOk(mayContinue(asked(one), traces(entry('nuke-disk', { configuration: 'D' }))));
});
