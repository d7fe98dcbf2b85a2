import t from 'tap';
import { rows } from '../../../../agent/arch.ts';
import { scriptFor } from '../../../../image/media/netboot.ts';
import * as files from '../../../../image/lib/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

t.test('the script of each architecture names its kernel and its consoles', async t => {
  const written = files.readText(checkout('image/media/netboot.ipxe'));
  t.equal(scriptFor(rows[0]!), written, 'the first one as it is written');
  for (const row of rows) {
    const lines = scriptFor(row).split('\n');
    const consoles = row.serialConsoles.map(name => `console=${name}`).join(' ');
    t.ok(
      lines.includes(`kernel ${row.kernel.image} initrd=initrd.magic console=tty0 ${consoles}`),
      row.machine,
    );
    t.ok(lines.includes(`# initrd --name kernel ${row.kernel.image} /kernel mode=600`), row.machine);
  }
});
