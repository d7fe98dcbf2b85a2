import t from 'tap';
import { readOptions } from '../../../../image/copies/options.ts';

t.test('options and their defaults', t => {
  t.same(readOptions(['--config', 'host.json']), {
    config: 'host.json',
    firmware: 'uefi',
    format: 'raw.zst',
    sizeMiB: 8192,
    memoryMiB: 2048,
    minutes: 120,
    output: null,
    sharedKey: false,
  });
  const all = [
    '--firmware',
    'bios',
    '--format',
    'qcow2',
    '--size',
    '20',
    '--memory',
    '512',
    '--minutes',
    '5',
  ];
  t.match(readOptions(['--config', 'a', ...all, '--output', 'b', '--shared-key']), {
    firmware: 'bios',
    format: 'qcow2',
    sizeMiB: 20_480,
    memoryMiB: 512,
    minutes: 5,
    output: 'b',
    sharedKey: true,
  });
  t.equal(readOptions(['--help']), null);
  t.end();
});

t.test('what is wrong', t => {
  const rows: [string[], RegExp][] = [
    [[], /--config is missing/],
    [['--config', 'a', '--firmware', 'coreboot'], /"coreboot", neither uefi nor bios/],
    [['--config', 'a', '--firmware', 'bios', '--arch', 'aarch64'], /"bios", which no aarch64 machine has/],
    [['--config', 'a', '--format', 'vmdk'], /"vmdk", which is not one of raw\.zst, qcow2/],
    [['--config', 'a', '--size', '1'], /"1", which is not a whole number from 3 to 4096/],
    [['--config', 'a', '--size', '8GiB'], /"8GiB"/],
    [['--config', 'a', '--memory', '-5'], /memory/],
    [['--disk'], /Unknown option '--disk'/],
    [['host.json'], /Unexpected argument 'host\.json'/],
  ];
  for (const [args, problem] of rows)
    t.throws(() => readOptions(args), { code: 'USAGE', problem }, args.join(' '));
  t.end();
});
