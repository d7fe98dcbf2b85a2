import t from 'tap';
import { disksSchema } from '../../../../../agent/config/schema.ts';
import type { Disk } from '../../../../../agent/facts.ts';
import { selectDisks } from '../../../../../agent/plan/disks/select-disks.ts';
import { disk } from '../../../../fixtures/disks.ts';
import { type DisksInput, sda, vda, ways } from './selection.ts';

t.test('warnings', async t => {
  const warnings = (devices: string[], disks: Disk[], layout: DisksInput['layout'] = 'single') =>
    selectDisks(disksSchema.parse({ devices, layout }), disks).warnings;
  t.same(warnings(['/dev/vda'], [vda]), []);
  t.match(warnings(['/dev/vdx'], [disk({ path: '/dev/vdx', aliases: [] })]), [
    /no stable name under \/dev\/disk: its name may change/,
  ]);
  t.match(warnings(['/dev/sdy'], [disk({ path: '/dev/sdy', transport: 'usb' })]), [/removable/]);
  t.match(warnings(['/dev/vda', '/dev/sda'], [vda, sda], 'mirror'), [/only 20 GiB count/]);
  t.match(warnings(['/dev/sdp'], ways), [/\/dev\/sdp also has the paths \/dev\/sdq \(multipath\)/]);
});
