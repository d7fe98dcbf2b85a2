import t from 'tap';
import { run } from '../../../../agent/host/exec.ts';
import { parameterKinds } from '../../../../agent/config/sources/parameters.ts';
import { checkout } from '../../../../image/lib/host.ts';

const rows: [name: string, line: string, shown: string][] = [
  ['nothing of ours', 'console=ttyS0 quiet', 'console=ttyS0 quiet'],
  ['a value', 'quiet dabei.config=c2VjcmV0== console=ttyS0', 'quiet dabei.config=[redacted] console=ttyS0'],
  [
    'at the start and the end',
    'disk_key=c2VjcmV0 dabei.disk_key=c2VjcmV0',
    'disk_key=[redacted] dabei.disk_key=[redacted]',
  ],
  [
    'dashes for underscores',
    'disk-key=c2VjcmV0 runtime-info=c2VjcmV0',
    'disk-key=[redacted] runtime-info=[redacted]',
  ],
  ['a quoted value', 'dabei.flake="a secret b" ip=dhcp', 'dabei.flake=[redacted] ip=dhcp'],
  ['a quoted parameter', '"dabei.flake=a secret b" ip=dhcp', 'dabei.flake=[redacted] ip=dhcp'],
  ['a quote inside', 'dabei.flake=a" secret "b ip=dhcp', 'dabei.flake=[redacted] ip=dhcp'],
  ['a quote that is not closed', 'ip=dhcp dabei.flake="a secret', 'ip=dhcp dabei.flake=[redacted]'],
  ['tabs', 'a=1\tdabei.disk_key=secret\tb=2', 'a=1\tdabei.disk_key=[redacted]\tb=2'],
  ['a name within another', 'xdabei.config=public', 'xdabei.config=public'],
  ['dots in the name', 'dabei.disks.key=c2VjcmV0 quiet', 'dabei.disks.key=[redacted] quiet'],
  [
    'signs in the name',
    'dabei/disk:key+=secret dabei.ключ=secret',
    'dabei/disk:key+=[redacted] dabei.ключ=[redacted]',
  ],
  ['no dot', 'dabei-disk-key=secret dabei=secret', 'dabei-disk-key=[redacted] dabei=[redacted]'],
  ['a name that is quoted', '"dabei.disks.key=a secret" quiet', 'dabei.disks.key=[redacted] quiet'],
  [
    'a name that ends like a secret',
    'diskkey=secret disks.key=secret rd.passphrase=secret Password=secret',
    'diskkey=[redacted] disks.key=[redacted] rd.passphrase=[redacted] Password=[redacted]',
  ],
  [
    'no equals sign',
    'dabei.disk_keyc2VjcmV0 quiet dabei.disk-keyc2VjcmV0==',
    'dabei.disk_key[redacted] quiet dabei.disk-key[redacted]',
  ],
  ['a colon for the equals sign', 'dabei.disk_key:c2VjcmV0=', 'dabei.disk_key[redacted]'],
  [
    'other people\u2019s',
    'root=/dev/sda1 nvme_core.io_timeout=30 rd.vconsole.keymap=de keyboard=x BOOT_IMAGE=/key',
    'root=/dev/sda1 nvme_core.io_timeout=30 rd.vconsole.keymap=de keyboard=x BOOT_IMAGE=/key',
  ],
  ['a flag', 'dabei.wipe quiet', 'dabei.wipe quiet'],
];

async function redact(line: string): Promise<string> {
  const argv = ['sed', '-E', '-f', checkout('image/rootfs/initramfs/redact.sed')];
  const { stdout } = await run({ doing: 'redacting', argv, stdin: `${line}\n`, timeoutSeconds: 10 });
  return stdout.trimEnd();
}

t.test('what /proc/cmdline shows', async t => {
  for (const [name, line, shown] of rows) t.equal(await redact(line), shown, name);
});

t.test('every parameter that dabei reads is redacted', async t => {
  for (const { names } of parameterKinds) {
    for (const name of names.filter(name => !['ip', 'nameserver', 'disks'].includes(name))) {
      t.equal(await redact(`${name}=secret`), `${name}=[redacted]`, name);
    }
  }
});
