import t from 'tap';
import type { DiskSelector } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { pinned } from '../../../../agent/plan/disks/disk-faults.ts';
import { disk } from '../../../fixtures/disks.ts';

t.test('selectors for another kernel', async t => {
  const link = '/dev/disk/by-id/ata-ST1000_S4EV';
  const linked = disk({ path: '/dev/sda', aliases: [link, '/dev/disk/by-path/pci-0000:00:1f.2-ata-1'] });
  const bare = disk({ path: '/dev/vda', aliases: [] });
  const rows: [DiskSelector, Disk, DiskSelector][] = [
    ['/dev/sda', linked, link],
    ['only', linked, link],
    [{ model: 'ST1000' }, linked, link],
    [{ serial: 'S4EV' }, linked, { serial: 'S4EV' }],
    ['/dev/disk/by-path/pci-0000:00:1f.2-ata-1', linked, '/dev/disk/by-path/pci-0000:00:1f.2-ata-1'],
    ['/dev/vda', bare, '/dev/vda'],
  ];
  for (const [selector, member, expected] of rows)
    t.same(pinned([selector], [member]), [expected], JSON.stringify(selector));
});
