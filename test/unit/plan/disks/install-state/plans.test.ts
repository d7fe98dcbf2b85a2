import t from 'tap';
import {
  nothingFound,
  type Found,
  type InstallStateEntry,
  type RecordedStage,
} from '../../../../../agent/plan/disks/install-state.ts';
import { makePlan } from '../../../../../agent/plan/plan.ts';
import { askedOf, layOut } from '../../../../../agent/plan/disks/layout.ts';
import { Secret } from '../../../../../agent/secret.ts';
import { content, disk, facts } from '../../../../fixtures/disks.ts';
import { parse, pool, signatures, traces } from './partitioned.ts';

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
