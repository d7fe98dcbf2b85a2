import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import {
  configurationHash,
  decide,
  isBootLoader,
  installStateFile,
  recordedStages,
  latest,
  mayContinue,
  nothingFound,
  parseEntry,
  type Asked,
  type Beginning,
  type Found,
  type InstallStateEntry,
  type RecordedStage,
} from '../../../../agent/plan/disks/install-state.ts';
import { makePlan } from '../../../../agent/plan/plan.ts';
import { askedOf, layOut } from '../../../../agent/plan/disks/layout.ts';
import { Secret } from '../../../../agent/secret.ts';
import { content, disk, facts } from '../../../fixtures/disks.ts';

const guids = (name: string) => ['bios', 'esp', 'swap', 'zfs'].map(part => `${name}-${part}`);
const signatures = [null, 'vfat', null, 'zfs_member'];

/** A disk that an earlier start partitioned; `found` are the signatures of its partitions. */
function partitioned(name: string, found: readonly (string | null)[] = signatures): Disk {
  const parts = guids(name).map((partUuid, index) =>
    content(`/dev/${name}${index + 1}`, { partUuid, signature: found[index] ?? null }),
  );
  const table = content(`/dev/${name}`, { deviceType: 'disk', signature: 'gpt' });
  return disk({ path: `/dev/${name}`, contents: [table, ...parts] });
}

const entry = (stage: RecordedStage, changes: Partial<InstallStateEntry> = {}): InstallStateEntry => ({
  version: 1,
  stage,
  configuration: 'C',
  layout: 'L',
  partitions: [...guids('vda'), ...guids('vdb')],
  ...changes,
});

const asked = (disks: readonly Disk[], wipe = false): Asked => ({
  configuration: 'C',
  layout: 'L',
  members: disks.map(disk => ({ disk, partitions: guids(disk.path.slice(5)) })),
  wipe,
});

const one = [partitioned('vda')];
const traces = (...entries: (InstallStateEntry | null)[]) =>
  entries.map((entry, index) => ({ disk: ['/dev/vda', '/dev/vdb'][index]!, entry, bootLoader: false }));
const started = (...entries: (InstallStateEntry | null)[]) =>
  traces(...entries).map(trace => ({ ...trace, bootLoader: true }));
const pool = (stage: string, configuration = 'C') => ({ stage, configuration });

const because = (beginning: Beginning) => ('because' in beginning ? beginning.because : '');

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

t.test('what boot loaders leave on an ESP', async t => {
  for (const name of ['EFI', 'loader', 'grub', 'kernels']) t.ok(isBootLoader(name), name);
  for (const name of ['dabei', 'filler', 'System Volume Information']) t.notOk(isBootLoader(name), name);
});

t.test('entries as files', async t => {
  t.same(parseEntry(JSON.stringify(entry('install'))), entry('install'));
  for (const text of ['', '{"version":1,"sta', '{}', '[]', '{"version":2,"stage":"install"}']) {
    t.equal(parseEntry(text), null, `not ${JSON.stringify(text)}`);
  }
  t.equal(latest([entry('host-flake'), entry('install'), entry('partitioned')])?.stage, 'install');
  t.equal(latest([]), null);
  t.equal(new Set(recordedStages.map(installStateFile)).size, recordedStages.length);
});

const input: ConfigInput = {
  hostName: 'web-01',
  disks: { devices: ['/dev/vda'], key: 'correct horse battery' },
  system: {},
};
const parse = (changes: Partial<ConfigInput> = {}) => configSchema.parse({ ...input, ...changes });

t.test('what makes configurations the same', async t => {
  const hash = configurationHash(parse());
  t.match(hash, /^[0-9a-f]{64}$/);
  t.equal(configurationHash(parse({ mode: 'plan' })), hash, 'the mode does not');
  t.equal(
    configurationHash(parse({ disks: { ...input.disks!, key: 'another passphrase' } })),
    hash,
    'nothing that lies readable on the ESP depends on the passphrase',
  );
  t.not(configurationHash(parse({ hostName: 'web-02' })), hash);
  const written = { ...input.disks!, swap: 'auto' as const };
  t.equal(configurationHash(parse({ disks: written })), hash);
  t.not(configurationHash(parse({ disks: { ...input.disks!, esp: '1GiB' } })), hash);
  t.not(configurationHash(parse({ disks: { ...input.disks!, generation: 2 } })), hash);
});

t.test('plans', async t => {
  const config = parse();
  const swapKey = new Secret('0123456789abcdef'.repeat(4));
  const layout = layOut(config, [disk()], facts([disk()]));
  const half = disk({
    contents: [
      content('/dev/vda', { deviceType: 'disk', signature: 'gpt' }),
      ...layout.installState.partitions.map((partUuid, index) =>
        content(`/dev/vda${index + 1}`, { partUuid, signature: signatures[index]! }),
      ),
    ],
  });
  const left = (stage: RecordedStage): InstallStateEntry => ({ version: 1, stage, ...layout.installState });
  const at = (stage: RecordedStage, stageOfPool: string = stage): Found => ({
    traces: traces(left(stage)),
    pool: pool(stageOfPool, layout.installState.configuration),
  });
  const planFor = (found: Found) => makePlan(config, facts([half]), swapKey, found);
  const programs = (plan: ReturnType<typeof planFor>, stage: keyof typeof plan.stages) =>
    plan.stages[stage].map(step => (step.kind === 'run' ? step.argv.slice(0, 2).join(' ') : step.kind));

  t.equal(askedOf(layout, false).layout, layout.installState.layout);

  const continued = planFor(at('nuke-disk'));
  t.match(continued.beginning, /resuming the earlier installation at host-flake/);
  t.match(continued.summary[0], /resuming the earlier installation at host-flake/);
  t.notMatch(continued.summary.join('\n'), /destroyed/);
  const steps = programs(continued, 'nuke-disk');
  t.ok(steps.includes('zpool import') && steps.includes('zfs load-key'));
  for (const writes of [
    'sgdisk --clear',
    'sgdisk --zap-all',
    'zpool create',
    'blkdiscard --force',
    'mkfs.vfat -F',
  ])
    t.notOk(steps.includes(writes), writes);
  t.ok(continued.stages.install.length > 0);

  const nearlyDone = planFor(at('install'));
  t.match(nearlyDone.beginning, /resuming the earlier installation at boot-loader/);
  t.same(nearlyDone.stages['host-flake'], []);
  t.same(programs(nearlyDone, 'install'), ['zfs set', 'write'], 'the pool may be ahead of the ESP');
  t.ok(programs(nearlyDone, 'boot-loader').includes('zfs set'));

  const over = planFor({ traces: traces(left('partitioned')), pool: null });
  t.match(over.beginning, /restarting the earlier installation: the pool was not complete/);
  t.ok(programs(over, 'nuke-disk').includes('zpool create'));

  t.throws(() => planFor(at('boot-loader')), { code: 'DISK_INSTALLED' });
  t.throws(() => planFor(nothingFound), { code: 'DISK_FOREIGN_DATA' });
});
