import t from 'tap';
import {
  efiVariable,
  grubMenu,
  systemdBootMenu,
  withGrubDefault,
  withGrubVariable,
  withLoaderDefault,
} from '../../../../agent/plan/rescue/boot-menu.ts';

const entry = (generation: number) =>
  `title NixOS\nversion Generation ${generation} NixOS 26.11, built on 2026-11-2${generation}\nlinux /EFI/nixos/k.efi\nsort-key nixos\n`;
const entries = new Map([
  ['nixos-aa+3-1.conf', entry(1)],
  ['nixos-bb.conf', entry(2)],
  ['nix-dabei.conf', 'title nix-dabei rescue\nsort-key zz-nix-dabei\n'],
]);

t.test("systemd-boot's menu", async t => {
  const rows: [loaderConf: string, chosen: string[]][] = [
    ['timeout 5\ndefault nixos-bb.conf\nconsole-mode keep\n', ['nixos-bb.conf']],
    ['preferred nixos-aa.conf\ndefault nixos-*\n', ['nixos-aa.conf']],
    ['preferred none.conf\ndefault nixos-*\n', ['nixos-bb.conf']],
    ['default nix-dabei.conf', ['nix-dabei.conf']],
    ['', []],
  ];
  for (const [loaderConf, chosen] of rows) {
    const menu = systemdBootMenu(entries, loaderConf);
    t.same(
      menu.filter(({ isDefault }) => isDefault).map(({ id }) => id),
      chosen,
      loaderConf,
    );
    t.same(
      menu.map(({ generation }) => generation),
      [1, 2, null],
    );
  }
  const [first] = systemdBootMenu(entries, '');
  t.equal(first?.title, 'NixOS, Generation 1 NixOS 26.11, built on 2026-11-21');
});

t.test('a generation whose trial failed is not what starts', async t => {
  const spent = new Map([...entries, ['nixos-cc+0-1.conf', entry(3)]]);
  const chosen = (conf: string, all = spent) =>
    systemdBootMenu(all, conf).filter(({ isDefault }) => isDefault).map(({ id }) => id); // prettier-ignore
  t.same(chosen('preferred nixos-cc.conf\ndefault nixos-*\n'), ['nixos-bb.conf'], 'systemd 260 skips it');
  t.same(chosen('default nixos-cc.conf\n'), ['nixos-cc.conf'], 'unless it was chosen');
  const alone = new Map([['nixos-cc+0-1.conf', entry(3)]]);
  t.same(
    chosen('preferred nixos-cc.conf\ndefault nixos-*\n', alone),
    ['nixos-cc.conf'],
    'or there is no other',
  );
  t.same(
    systemdBootMenu(spent, '').flatMap(({ id, isSpent }) => (isSpent ? [id] : [])),
    ['nixos-cc.conf'],
    'and the menu says so',
  );
});

t.test('another default of systemd-boot', async t => {
  t.equal(
    withLoaderDefault('timeout 5\npreferred a.conf\ndefault nixos-*\nconsole-mode keep\n', 'nixos-bb.conf'),
    'default nixos-bb.conf\ntimeout 5\nconsole-mode keep\n',
  );
  t.equal(withLoaderDefault('', 'a.conf'), 'default a.conf\n');
});

/** In the shape of install-grub.pl. */
const grubConfig = `
    if [ "\${next_entry}" ]; then
      set default="\${next_entry}"
      set next_entry=
      set timeout=1
    else
      set default=0
      set timeout=5
    fi
    function savedefault {
        if [ -z "\${boot_once}"]; then
        saved_entry="\${chosen}"
        fi
    }
menuentry "NixOS" --class nixos --unrestricted {
search --set=drive1 --fs-uuid ABCD
  linux ($drive1)//kernels/k init=/nix/store/x/init
}
submenu "NixOS - All configurations" --class submenu {
menuentry "NixOS - Configuration 2 (2026-11-22 - 26.11)" --class nixos {
  linux a
}
menuentry "NixOS - Configuration 1 (2026-11-21 - a>b)" --class nixos {
  linux b
}
}
if [ -f /dabei/rescue.cpio ]; then
  menuentry "nix-dabei rescue" --id nix-dabei {
    linux /dabei/bzImage dabei.rescue
  }
fi
`;

t.test("GRUB's menu, with its submenus", async t => {
  t.same(grubMenu(grubConfig), [
    { id: 'NixOS', generation: null, title: 'NixOS', isDefault: true },
    {
      id: 'NixOS - All configurations>NixOS - Configuration 2 (2026-11-22 - 26.11)',
      generation: 2,
      title: 'NixOS - Configuration 2 (2026-11-22 - 26.11)',
      isDefault: false,
    },
    {
      id: 'NixOS - All configurations>NixOS - Configuration 1 (2026-11-21 - a>>b)',
      generation: 1,
      title: 'NixOS - Configuration 1 (2026-11-21 - a>b)',
      isDefault: false,
    },
    { id: 'nix-dabei rescue', generation: null, title: 'nix-dabei rescue', isDefault: false },
  ]);
});

t.test('another default of GRUB', async t => {
  const id = 'NixOS - All configurations>NixOS - Configuration 2 (2026-11-22 - 26.11)';
  const changed = withGrubDefault(grubConfig, id)!;
  t.match(changed, `      set default="${id}"\n      set timeout=5`);
  t.match(changed, 'set default="${next_entry}"', 'a choice for one start stays possible');
  t.same(
    grubMenu(changed)
      .filter(({ isDefault }) => isDefault)
      .map(entry => entry.id),
    [id],
  );
  t.equal(withGrubDefault('set default="${saved_entry}"\n', id), null);
});

t.test("GRUB's environment has 1024 bytes, whatever was in it", async t => {
  const head = '# GRUB Environment Block\n';
  const rows: [string | null, string][] = [
    [null, 'next_entry=a>b\n'],
    [`${head}saved_entry=x\nnext_entry=old\n####`, 'saved_entry=x\nnext_entry=a>b\n'],
    ['damaged', 'next_entry=a>b\n'],
  ];
  for (const [text, variables] of rows) {
    const changed = withGrubVariable(text, 'next_entry', 'a>b')!;
    t.equal(changed.length, 1024);
    t.equal(changed.replace(/#+$/, ''), head + variables);
  }
  t.equal(withGrubVariable(null, 'next_entry', 'x'.repeat(1024)), null, 'no room');
});

t.test('an EFI variable', async t => {
  t.equal(efiVariable('a.conf').toString('hex'), '07000000' + '61002e0063006f006e0066000000');
});
