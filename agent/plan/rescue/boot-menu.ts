/** What an ESP's boot menu offers, read from its files, and how another entry is chosen. Pure. */

export interface MenuEntry {
  /** As the boot loader takes it: the name of a file of systemd-boot without its counter, or the titles that lead to an entry of GRUB. */
  id: string;
  /** Number of the generation; null for an entry that has none, such as the rescue system. */
  generation: number | null;
  title: string;
  isDefault: boolean;
  /** Its first boot was on trial, and nobody confirmed it (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/). */
  isSpent?: true;
  /** GRUB has a password, and asks for it before it starts this entry (its manual, "Authentication and authorisation"). */
  asksPassword?: true;
}

/**
 * Boot Loader Specification, type 1: https://uapi-group.org/specifications/specs/boot_loader_specification/
 * @param entries texts of the files in loader/entries, by their names
 * @returns one entry for each file, in the same order
 */
export function systemdBootMenu(entries: ReadonlyMap<string, string>, loaderConf: string): MenuEntry[] {
  const menu = [...entries].map(([file, text]) => {
    const value = (key: string) => new RegExp(`^${key}[ \\t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
    const generation = /\bGeneration (\d+)\b/.exec(value('version'))?.[1];
    return {
      id: withoutCounter(file),
      generation: generation === undefined ? null : Number(generation),
      title: [value('title'), value('version')].filter(Boolean).join(', '),
      isSpent: /\+0(-\d+)?\.conf$/.test(file),
    };
  });
  const chosen = loaderDefault(loaderConf, menu);
  return menu.map(({ isSpent, ...entry }, index) => ({
    ...entry,
    isDefault: index === chosen,
    ...(isSpent ? { isSpent } : {}),
  }));
}

/** An entry's name for systemd-boot, from that of its file, which may have a counter: nixos-HASH+3-1.conf. */
export const withoutCounter = (file: string): string => file.replace(/\+\d+(-\d+)?(?=\.conf$)/, '');

/**
 * loader.conf(5): "preferred" wins over "default", but not for an entry that has no try left; the last line counts. Of those that a
 * pattern fits, systemd-boot takes the newest that has one.
 */
function loaderDefault(
  text: string,
  menu: readonly { id: string; generation: number | null; isSpent: boolean }[],
): number | null {
  const last = (key: string) => [...text.matchAll(new RegExp(`^${key}[ \\t]+(\\S+)`, 'gm'))].at(-1)?.[1];
  const found = (pattern: string | undefined) =>
    menu
      .map((entry, index) => ({ ...entry, index }))
      .filter(({ id }) => pattern !== undefined && fits(id, pattern))
      .toSorted((a, b) => Number(a.isSpent) - Number(b.isSpent) || (b.generation ?? 0) - (a.generation ?? 0));
  const [preferred] = found(last('preferred')).filter(({ isSpent }) => !isSpent);
  return (preferred ?? found(last('default'))[0])?.index ?? null;
}

/** Whether a pattern of systemd-boot's, one of fnmatch(3), fits an entry. */
export function fits(id: string, pattern: string): boolean {
  const text = pattern
    .toLowerCase()
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`).test(id.toLowerCase());
}

/** The same loader.conf with another default. NixOS writes the file anew at each rebuild. */
export function withLoaderDefault(text: string, id: string): string {
  const kept = text.split('\n').filter(line => !/^(default|preferred)[ \t]/.test(line));
  return [`default ${id}`, ...kept].join('\n');
}

/** Titles of NixOS' grub.cfg, in submenus as well; `set default=` is a number or such a path (GRUB's manual, "default"). */
export function grubMenu(config: string): MenuEntry[] {
  const found: MenuEntry[] = [];
  const open: ({ title: string; isFree: boolean } | null)[] = [];
  const counts = [0];
  const hasPassword = /^\s*set superusers=./m.test(config);
  const chosen = grubDefault(config);
  for (const line of config.split('\n')) {
    const [, kind, , title] = /^\s*(menuentry|submenu)\s+(["'])(.*?)\2.*\{\s*$/.exec(line) ?? [];
    if (kind !== undefined && title !== undefined) {
      const above = open.filter(menu => menu !== null);
      const isFree = !hasPassword || line.includes(' --unrestricted');
      const index = counts[above.length] ?? 0;
      counts[above.length] = index + 1;
      if (kind === 'submenu') counts[above.length + 1] = 0;
      const id = [...above.map(menu => menu.title), title].map(name => name.replaceAll('>', '>>')).join('>');
      const isDefault = chosen === id || (above.length === 0 && chosen === String(index));
      const generation = /\bConfiguration (\d+)\b/.exec(title)?.[1];
      if (kind === 'menuentry')
        found.push({
          id,
          generation: generation === undefined ? null : Number(generation),
          title,
          isDefault,
          ...(isFree && above.every(menu => menu.isFree) ? {} : { asksPassword: true }),
        });
      open.push(kind === 'submenu' ? { title, isFree } : null);
    } else if (/^\s*\}\s*$/.test(line)) open.pop();
    else if (/\{\s*$/.test(line)) open.push(null);
  }
  return found;
}

/** Not the line by which GRUB takes a choice for one start, nor that of a saved choice. */
const grubDefaultLine = /^(\s*set default=)(?!"?\$)["']?(.*?)["']?[ \t]*$/m;

function grubDefault(config: string): string | null {
  return grubDefaultLine.exec(config)?.[2] ?? null;
}

/** The same grub.cfg with another default; null if it keeps its choice elsewhere. NixOS writes the file anew at each rebuild. */
export function withGrubDefault(config: string, id: string): string | null {
  if (!grubDefaultLine.test(config)) return null;
  return config.replace(grubDefaultLine, (_, set: string) => `${set}"${id}"`);
}

const grubenvBytes = 1024;
const grubenvHead = '# GRUB Environment Block\n';

/**
 * grubenv with one more variable, or without it: a head, lines "name=value", and "#" up to 1024 bytes (grub-core/lib/envblk.c).
 * @param text the present file; null without one
 * @param value null removes the variable
 * @returns null if there is no room
 */
export function withGrubVariable(text: string | null, name: string, value: string | null): string | null {
  const lines = (text ?? '')
    .split('\n')
    .filter(line => /^[A-Za-z_]\w*=/.test(line) && !line.startsWith(`${name}=`));
  const whole = `${grubenvHead}${[...lines, ...(value === null ? [] : [`${name}=${value}`])].map(line => `${line}\n`).join('')}`;
  const bytes = Buffer.byteLength(whole);
  return bytes > grubenvBytes ? null : whole + '#'.repeat(grubenvBytes - bytes);
}

/** An EFI variable of systemd-boot's, below /sys/firmware/efi/efivars (https://systemd.io/BOOT_LOADER_INTERFACE/). */
export const oneShotVariable = 'LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

/** Attributes (UEFI 2.10, 8.2: non-volatile, boot services, runtime), then UTF-16 with a NUL at the end. */
export function efiVariable(value: string): Buffer {
  return Buffer.concat([Buffer.from([7, 0, 0, 0]), Buffer.from(`${value}\0`, 'utf16le')]);
}
