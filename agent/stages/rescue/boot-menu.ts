import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import {
  grubMenu,
  oneShotVariable,
  systemdBootMenu,
  withGrubDefault,
  withGrubVariable,
  withLoaderDefault,
  type MenuEntry,
} from '../../plan/rescue/boot-menu.ts';
import { byPartuuid } from '../../plan/disks/pool.ts';
import { removeOverrides, storeVariable } from './efi-variables.ts';
import { endTrial } from './end-trial.ts';
import { withEsps } from './esps.ts';
import { rescuedMachine } from './machine.ts';

/** The boot menus of the machine's ESPs: what is in them, and which entry starts next. Needs no passphrase. */

interface Menu {
  kind: 'systemd-boot' | 'grub';
  entries: MenuEntry[];
}

/**
 * @returns the generations of the first ESP, one line each
 * @throws DabeiError RESCUE_MACHINE; RESCUE_BOOT if no ESP has a menu
 */
export async function listGenerations(doors: Doors): Promise<string[]> {
  const doing = 'reading the boot menu';
  return withEsps(
    doors,
    espDevices(doors, doing),
    esps => {
      const [menu] = esps.flatMap(esp => readMenu(doors, esp) ?? []);
      if (menu === undefined) throw noMenu(doing);
      const numbered = menu.entries.filter(({ generation }) => generation !== null);
      return numbered
        .toSorted((a, b) => b.generation! - a.generation! || (a.id < b.id ? -1 : 1))
        .map(({ generation, title, isDefault, isSpent }) => {
          const notes = [
            ...(isDefault ? ['default'] : []),
            ...(isSpent ? ['its first boot was not confirmed'] : []),
          ];
          return `${generation}${notes.map(note => ` (${note})`).join('')}: ${title}`;
        });
    },
    'looking',
  );
}

/**
 * Makes a generation the default of every ESP, or of the next start alone.
 * @throws DabeiError RESCUE_MACHINE; RESCUE_BOOT if the generation is not in the menu, or if the choice cannot be stored
 */
export async function chooseGeneration(doors: Doors, generation: number, once: boolean): Promise<string[]> {
  const doing = `choosing generation ${generation}`;
  return withEsps(doors, espDevices(doors, doing), async esps => {
    const menus = esps.flatMap(esp => {
      const menu = readMenu(doors, esp);
      return menu === null ? [] : [{ esp, menu }];
    });
    if (menus.length === 0) throw noMenu(doing);
    // GRUB has the default generation a second time, at the top, without a number.
    const places = menus.flatMap(({ esp, menu }) => {
      const entry = menu.entries.find(each => each.generation === generation);
      return entry === undefined
        ? []
        : [{ esp, kind: menu.kind, id: entry.id, asks: entry.asksPassword ?? false }];
    });
    const [first] = places;
    if (first === undefined) {
      const known = menus[0]!.menu.entries.flatMap(each => each.generation ?? []);
      throw new DabeiError('RESCUE_BOOT', {
        doing,
        problem: `the boot menu has no generation ${generation}; it has ${[...new Set(known)].join(', ') || 'none'}`,
        remedy: 'dabei generations',
      });
    }
    if (places.some(({ asks }) => asks))
      throw new DabeiError('RESCUE_BOOT', {
        doing,
        problem: `GRUB would ask for a password at the console before it starts generation ${generation} (boot.loader.grub.users)`,
        remedy:
          'choose it at the console; or make it the default of NixOS: dabei unlock, dabei enter, then ' +
          `nix-env -p /nix/var/nix/profiles/system --switch-generation ${generation} and /nix/var/nix/profiles/system/bin/switch-to-configuration boot`,
      });
    if (first.kind === 'systemd-boot' && once) {
      await storeOneShot(doors, doing, first.id);
    } else {
      // Whoever chooses has decided, and a trial is over.
      if (!once) endTrial(doors, menus.map(({ esp }) => esp)); // prettier-ignore
      if (!once) for (const { esp } of menus) forgetNext(doors, esp);
      for (const { esp, kind, id } of places) {
        if (kind === 'systemd-boot')
          rewrite(doors, `${esp}/loader/loader.conf`, text => withLoaderDefault(text ?? '', id));
        else if (once)
          rewrite(doors, `${esp}/grub/grubenv`, text => withGrubVariable(text, 'next_entry', id));
        else rewrite(doors, `${esp}/grub/grub.cfg`, text => withGrubDefault(text ?? '', id));
      }
    }
    const override = first.kind === 'systemd-boot' && !once ? await removeOverrides(doors, menus.map(({ esp }) => esp), first.id, true) : null; // prettier-ignore
    return [
      `generation ${generation} starts ${once ? 'next, once' : 'from now on, until the next nixos-rebuild'}`,
      ...(override === null ? [] : [`but ${override}; until then, use --once`]),
      'next: reboot',
    ];
  });
}

async function storeOneShot(doors: Doors, doing: string, id: string): Promise<void> {
  try {
    await storeVariable(doors, oneShotVariable, id);
  } catch (thrown) {
    throw new DabeiError('RESCUE_BOOT', {
      doing,
      problem: `systemd-boot takes a choice for one start from an EFI variable, which cannot be written: ${asDabeiError(thrown, doing).problem}`,
      remedy: 'leave out --once; or choose the entry in the boot menu',
      cause: thrown,
    });
  }
}

/** What was chosen for one start with GRUB, before a default was chosen. */
function forgetNext(doors: Doors, esp: string): void {
  const path = `${esp}/grub/grubenv`;
  if (/^next_entry=./m.test(doors.files.readText(path) ?? ''))
    rewrite(doors, path, text => withGrubVariable(text, 'next_entry', null));
}

function rewrite({ files }: Doors, path: string, change: (text: string | null) => string | null): void {
  const changed = change(files.readText(path));
  if (changed === null)
    throw new DabeiError('RESCUE_BOOT', {
      doing: `writing ${path}`,
      problem: 'it has no place for the choice',
      remedy: 'choose the entry in the boot menu',
    });
  files.writeAtomic(path, changed, 0o600);
}

function readMenu({ files }: Doors, esp: string): Menu | null {
  const names = files.list(`${esp}/loader/entries`).filter(name => name.endsWith('.conf'));
  if (names.length > 0) {
    const entries = new Map(names.map(name => [name, files.readText(`${esp}/loader/entries/${name}`) ?? '']));
    return {
      kind: 'systemd-boot',
      entries: systemdBootMenu(entries, files.readText(`${esp}/loader/loader.conf`) ?? ''),
    };
  }
  const config = files.readText(`${esp}/grub/grub.cfg`);
  return config === null ? null : { kind: 'grub', entries: grubMenu(config) };
}

export function espDevices(doors: Doors, doing: string): string[] {
  return rescuedMachine(doors, doing).disks.map(({ espPartuuid }) => byPartuuid(espPartuuid));
}

function noMenu(doing: string): DabeiError {
  return new DabeiError('RESCUE_BOOT', {
    doing,
    problem: 'no ESP of this machine is there, or none has a boot menu of systemd-boot or GRUB',
    remedy: 'check which disks are there: lsblk -o NAME,PARTUUID,FSTYPE',
  });
}
