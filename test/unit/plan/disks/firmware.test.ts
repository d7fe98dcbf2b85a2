import t from 'tap';
import type { Facts } from '../../../../agent/facts.ts';
import { firmwareFaults } from '../../../../agent/plan/disks/firmware.ts';
import { disk } from '../../../fixtures/disks.ts';

const disks = [512, 4096, 16_384, 520].map((logicalSectorBytes, index) =>
  disk({ path: `/dev/sd${'abcd'[index]}`, logicalSectorBytes }),
);
const [small, large, huge, odd] = disks as [
  (typeof disks)[0],
  (typeof disks)[0],
  (typeof disks)[0],
  (typeof disks)[0],
];
const bios: Pick<Facts, 'system' | 'firmware'> = { system: 'x86_64-linux', firmware: 'bios' };
const uefi: typeof bios & Pick<Facts, 'firmwareBits'> = { ...bios, firmware: 'uefi', firmwareBits: 64 };

t.test('sectors', async t => {
  const rows: [string, typeof disks, typeof bios, [string, RegExp, RegExp][], RegExp[]][] = [
    ['512 by BIOS', [small], bios, [], []],
    ['512 and 4096 by UEFI', [small, large], uefi, [], []],
    ['4096 by BIOS', [large], bios, [['DISK_SECTORS', /reads sectors of 512/, /UEFI/]], []],
    [
      'one of two by BIOS',
      [small, large],
      bios,
      [],
      [/sdb has sectors of 4096 bytes, from which a BIOS cannot start/],
    ],
    [
      '16384 by UEFI',
      [huge],
      uefi,
      [['DISK_SECTORS', /16384 bytes; an ESP can have 512 or 4096/, /nvme format/]],
      [],
    ],
    [
      'one of two has 16384',
      [small, huge],
      bios,
      [['DISK_SECTORS', /sdc has sectors of 16384/, /sg_format/]],
      [],
    ],
    ['520, as of a storage array', [odd], uefi, [['DISK_SECTORS', /520 bytes/, /sg_format/]], []],
  ];
  for (const [name, members, machine, refused, warned] of rows) {
    const { refusals, warnings } = firmwareFaults(members, machine);
    t.match(
      refusals,
      refused.map(([code, problem, remedy]) => ({ code, problem, remedy })),
      name,
    );
    t.equal(refusals.length, refused.length, name);
    t.match(warnings, warned, name);
    t.equal(warnings.length, warned.length, name);
  }
});

t.test('a UEFI of 32 bits', async t => {
  t.match(firmwareFaults([small], { ...uefi, firmwareBits: 32 }).refusals, [
    {
      code: 'FIRMWARE_32BIT',
      problem: /BOOTIA32\.EFI; the installed system has only BOOTX64\.EFI/,
      remedy: /BIOS/,
    },
  ]);
});

t.test('no UEFI where there is no BIOS either', async t => {
  const system = 'aarch64-linux';
  const said = {
    code: 'FIRMWARE_NO_UEFI',
    problem: /\(aarch64-linux\) was not started by UEFI/,
    remedy: /bootefi/,
  };
  t.match(firmwareFaults([small], { ...bios, system }), { refusals: [said], warnings: [] });
  t.equal(firmwareFaults([huge], { ...bios, system }).refusals.length, 1, 'whatever its disks are');
  t.same(firmwareFaults([small], { ...uefi, system }), { refusals: [], warnings: [] });
});

t.test('a firmware that is not known', async t => {
  t.match(firmwareFaults([small], { ...bios, firmwareDoubt: 'kexec started this kernel' }).refusals, [
    { code: 'FIRMWARE_UNKNOWN', problem: /cannot determine.*: kexec started this kernel/, remedy: /PXE/ },
  ]);
});
