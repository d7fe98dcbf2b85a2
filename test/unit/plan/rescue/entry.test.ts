import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { chooseRescue, writeRescueFiles } from '../../../../agent/plan/rescue/entry.ts';
import { disk, facts, GiB } from '../../../fixtures/disks.ts';
import { config } from '../example.ts';

const MiB = 2 ** 20;
const prebuilt = {
  storePath: `/nix/store/${'0'.repeat(32)}-nixos-system-web`,
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`a:${'A'.repeat(43)}=`],
};

const rows: [
  name: string,
  system: ConfigInput['system'],
  rescueBytes: number | null | undefined,
  espBytes: number,
  expected: { writes: boolean; told: RegExp } | null,
][] = [
  ['nobody knows', {}, undefined, GiB, null],
  ['by default', {}, 37 * MiB, GiB, { writes: true, told: /^rescue entry in the boot menu: 37 MiB of each ESP$/ }],
  ['room for three generations', {}, 37 * MiB, 319 * MiB, { writes: true, told: /menu/ }],
  ['no room', {}, 37 * MiB, 318 * MiB, { writes: false, told: /^no rescue entry: the ESP has 318 MiB; with 3 generations it takes 319 MiB/ }],
  ['no room, but asked for', { rescue: true }, 37 * MiB, 300 * MiB, { writes: true, told: /menu/ }],
  ['not asked for', { rescue: false }, 37 * MiB, GiB, { writes: false, told: /: system.rescue is false$/ }],
  ['without a kernel', {}, null, GiB, { writes: false, told: /did not bring its own kernel/ }],
  ['without a kernel, but asked for', { rescue: true }, null, GiB, { writes: false, told: /did not bring its own kernel/ }],
  ['prebuilt', prebuilt, 37 * MiB, GiB, { writes: false, told: /the system is prebuilt/ }],
  ['prebuilt, and asked for', { ...prebuilt, rescue: true }, 37 * MiB, GiB, { writes: true, told: /menu/ }],
]; // prettier-ignore

t.test('which machines get a rescue entry', async t => {
  for (const [name, system, rescueBytes, espBytes, expected] of rows) {
    const measured = facts([disk()], rescueBytes === undefined ? {} : { rescueBytes });
    t.match(chooseRescue(config({ ...(system && { system }) }), measured, espBytes), expected, name);
  }
});

t.test('every ESP gets its files; a machine without them is installed as well', async t => {
  t.match(writeRescueFiles(2), [
    { argv: ['/usr/lib/dabei/rescue-files', 'bzImage', '/mnt/boot', '/mnt/boot-2'], optional: true },
  ]);
});
