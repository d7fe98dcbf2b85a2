import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import { planFinish, planNukeDisk } from '../../../../agent/plan/disks/nuke-disk.ts';
import { Secret } from '../../../../agent/secret.ts';
import { content, disk, facts } from '../../../fixtures/disks.ts';

t.test('what is busy for a moment is unmounted by another attempt', async t => {
  const inUse = disk({
    path: '/dev/sda',
    contents: [
      content('/dev/sda1', { signature: 'vfat', mountPoints: ['/mnt/boot'] }),
      content('/dev/sda2', { signature: 'ext4', mountPoints: ['/mnt', '/mnt/nix'] }),
    ],
  });
  const config = configSchema.parse({
    hostName: 'web-01',
    disks: { devices: ['only'], key: 'correct horse battery', wipe: true },
  });
  const made = planNukeDisk(config, [inUse], facts([inUse]), new Secret('0123456789abcdef'.repeat(4)));
  const unmounting = [...made.steps, ...planFinish(made)].flatMap(step =>
    step.kind === 'run' && step.argv[0] === 'umount' && step.accept === undefined ? [step] : [],
  );
  t.ok(unmounting.length > 4, `${unmounting.length} steps`);
  for (const { argv, attempts = 1 } of unmounting) t.ok(attempts > 1, argv.join(' '));
});
