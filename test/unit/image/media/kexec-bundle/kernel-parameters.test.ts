import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { configSchema } from '../../../../../agent/config/schema.ts';
import { bundle, shell, underEachShell } from './shells.ts';

const kernelLine = [
  'BOOT_IMAGE=/vmlinuz-6.1 root=UUID=1 ro quiet net.ifnames=0 console=ttyS0 pcie_aspm=off pci=nommconf,noaer',
  'nvme_core.default_ps_max_latency_us=0 nomodeset mitigations=auto,nosmt pci=nommconf,noaer libata.force=1.00:noncq',
  'arm64.nosve iommu.passthrough=1 arm-smmu.disable_bypass=0',
  'efi=noruntime memmap=64M$2G usbcore.autosuspend="-1" * intel_iommu=on -- iommu=pt',
].join(' ');
const kept = [
  'pcie_aspm=off',
  'pci=nommconf,noaer',
  'nvme_core.default_ps_max_latency_us=0',
  'nomodeset',
  'mitigations=auto,nosmt',
  'libata.force=1.00:noncq',
  'arm64.nosve',
  'iommu.passthrough=1',
  'arm-smmu.disable_bypass=0',
  'intel_iommu=on',
];

underEachShell('kernel parameters that hardware may need', (t, argv) => {
  const directory = t.testdir({
    cmdline: `${kernelLine}\n`,
    'without-end': 'quiet iommu=pt',
    nothing: 'quiet\n',
    empty: '',
    dabei: { capture: { consoles: 'ttyS0\n' } },
  });
  const run = (options: string, file = 'cmdline') =>
    shell(
      argv,
      `read_options ${options}; keep_parameters ${directory}/${file}; write_command_line; options_json`,
      {
        boot: directory,
      },
    ).stdout;
  const list = kept.join(' ');
  t.equal(
    run('--append quiet'),
    `not keeping these kernel parameters, which the hardware may need: ${list}
  next: pass --keep-parameters to keep them in the new kernel and the installed system, or --append '${list}' to keep them in the new kernel only
panic=30 oops=panic console=ttyS0 quiet
{
  "mode": "rescue"
}
`,
  );
  const [told, line, ...json] = run('--keep-parameters --append quiet').split('\n');
  t.equal(told, `keeping these kernel parameters: ${list}`);
  t.equal(line, `panic=30 oops=panic console=ttyS0 ${list} quiet`);
  t.same(JSON.parse(json.join('\n')), { mode: 'rescue', kernelParams: kept });
  t.match(run('', 'without-end'), /not keeping .*: iommu=pt\n/);
  for (const file of ['nothing', 'empty', 'missing'])
    t.match(
      run('--keep-parameters', file),
      /^panic=30 oops=panic console=ttyS0\n\{\n {2}"mode": "rescue"\n\}\n$/,
      file,
    );
  t.doesNotThrow(() => configSchema.parse({ kernelParams: kept }), 'the new system takes them');
});

test('docs/kexec.md names all of them', async t => {
  const [, table = ''] =
    /^ {2}case \$\{1%%=\*\} in\n(.*?)\n {4}\*\) return 1/ms.exec(
      readFileSync(`${bundle}/lib/parameters.sh`, 'utf8'),
    ) ?? [];
  const names = [...table.matchAll(/[\w.*-]+/g)].map(([name]) => name);
  const [, page = ''] =
    /^## Kernel parameters that hardware may need\n(.*?)^## /ms.exec(
      readFileSync(`${bundle}/../../../docs/kexec.md`, 'utf8'),
    ) ?? [];
  const listed = page
    .split('\n')
    .filter(line => /^(- | {2})/.test(line))
    .join('\n');
  const documented = [...listed.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
  t.ok(names.length > 40);
  t.same(documented.toSorted(), [...new Set(names)].toSorted());
});
