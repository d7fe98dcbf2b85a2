import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { chooseRescue, writeRescueFiles } from '../../../../agent/plan/rescue/entry.ts';
import { disk, facts } from '../../../fixtures/disks.ts';
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
  expected: { writes: boolean; told: RegExp } | null,
][] = [
  ['nobody knows', { rescue: true }, undefined, null],
  ['asked for', { rescue: true }, 37 * MiB, { writes: true, told: /^rescue entry in the boot menu: 37 MiB of each ESP$/ }],
  ['by default', {}, 37 * MiB, { writes: false, told: /^no rescue entry: system.rescue is not true$/ }],
  ['not asked for', { rescue: false }, 37 * MiB, { writes: false, told: /: system.rescue is not true$/ }],
  ['without a kernel', { rescue: true }, null, { writes: false, told: /did not bring its own kernel/ }],
  ['prebuilt, and asked for', { ...prebuilt, rescue: true }, 37 * MiB, { writes: true, told: /menu/ }],
]; // prettier-ignore

t.test('which machines get a rescue entry', async t => {
  for (const [name, system, rescueBytes, expected] of rows) {
    const measured = facts([disk()], rescueBytes === undefined ? {} : { rescueBytes });
    t.match(chooseRescue(config({ ...(system && { system }) }), measured), expected, name);
  }
});

t.test('every ESP gets its files; a machine without them is installed as well', async t => {
  t.match(writeRescueFiles(2), [
    { argv: ['/usr/lib/dabei/rescue-files', 'bzImage', 'from source', '/mnt/boot', '/mnt/boot-2'], optional: true },
  ]);
});
