import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stablePath } from '../../../../../agent/plan/disks/describe-disk.ts';
import { disk } from '../../../../fixtures/disks.ts';
import { shell, underEachShell } from './shells.ts';

underEachShell('the names by which a disk stays the same are those of the planner', (t, argv) => {
  // In the order in which they are preferred, and what is never taken.
  const names = [
    'by-id/ata-WDC_A1',
    'by-id/ieee1394-0090a9',
    'by-id/memstick-MSPRO_0x1',
    'by-id/mmc-SD32G_0x1',
    'by-id/nvme-Samsung_980_S64D',
    'by-id/nvme-eui_is_a_model_1',
    'by-id/nvme-nvme_too_1',
    'by-id/scsi-35000c5',
    'by-id/usb-Stick_1-0:0',
    'by-id/virtio-first',
    'by-id/nvme-eui.002538',
    'by-id/nvme-nvme.1b36-64',
    'by-id/nvme-uuid.4e2a',
    'by-id/wwn-0x5000c5',
    'by-path/pci-0000:00:04.0',
    'by-id/dm-name-x',
    'by-id/google-boot',
    'by-id/lvm-pv-uuid-x',
    'by-diskseq/1',
  ];
  const root = t.testdir();
  for (const [index] of names.entries()) {
    const present = names.slice(index);
    const links = join(root, String(index));
    mkdirSync(links);
    writeFileSync(join(links, 'sda'), '');
    for (const name of present) {
      mkdirSync(dirname(join(links, name)), { recursive: true });
      symlinkSync(join(links, 'sda'), join(links, name));
    }
    const { stdout } = shell(argv, 'disk_links=$links; stable_disk "$disk"', {
      links,
      disk: realpathSync(join(links, 'sda')),
    });
    const aliases = present.map(name => `/dev/disk/${name}`);
    const wanted = stablePath(disk({ path: '/dev/sda', aliases }));
    const got = stdout.startsWith(`${links}/by-`) ? stdout.replace(links, '/dev/disk') : '/dev/sda';
    t.equal(got, wanted, `of ${present[0]} and what follows`);
    t.equal(wanted, index < 15 ? aliases[0] : '/dev/sda', String(present[0]));
  }
});
