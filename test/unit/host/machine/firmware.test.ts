import t from 'tap';
import { judgeFirmware, type FirmwareSigns } from '../../../../agent/host/machine/firmware.ts';

const nothing: FirmwareSigns = {
  efi: false,
  platformSize: null,
  captured: null,
  bootloaderType: '114\n',
  acpiTables: ['APIC', 'FACP', 'HPET'],
};
const pc = [...nothing.acpiTables, 'BGRT'];

t.test('by which firmware the machine starts', async t => {
  const rows: [string, Partial<FirmwareSigns>, object][] = [
    ['BIOS', {}, { firmware: 'bios' }],
    ['UEFI', { efi: true, platformSize: '64\n' }, { firmware: 'uefi', firmwareBits: 64 }],
    ['UEFI of 32 bits', { efi: true, platformSize: '32\n' }, { firmware: 'uefi', firmwareBits: 32 }],
    ['UEFI that an old kernel tells no more of', { efi: true }, { firmware: 'uefi', firmwareBits: 64 }],
    ['left by run', { captured: 'uefi', bootloaderType: '208\n', acpiTables: pc }, { firmware: 'uefi' }],
    [
      'left by run, BIOS',
      { captured: 'bios', bootloaderType: '208\n', acpiTables: pc },
      { firmware: 'bios' },
    ],
    ['by kexec, a firmware without a trace of UEFI', { bootloaderType: '208\n' }, { firmware: 'bios' }],
    ['UEFI in its BIOS mode', { acpiTables: pc }, { firmware: 'bios' }],
    ['without a word', { bootloaderType: null, acpiTables: [] }, { firmware: 'bios' }],
  ];
  for (const [name, signs, expected] of rows)
    t.strictSame(judgeFirmware({ ...nothing, ...signs }), expected, name);
  t.match(judgeFirmware({ ...nothing, bootloaderType: '208\n', acpiTables: pc }), {
    firmware: 'bios',
    firmwareDoubt: /kexec started this kernel .* ACPI table BGRT/,
  });
});
