import { maximumBytes } from '../../config/sources/decode.ts';
import { learntFrom } from '../../config/sources/metadata/learnt.ts';
import { dmiFields, type Dmi } from '../../config/sources/metadata/source.ts';
import { takeCredentials } from '../../config/sources/metadata/user-data.ts';
import { smbiosCredentials, type Credential } from '../../config/sources/seed/smbios.ts';
import type { SourceFile } from '../../config/sources/sources.ts';
import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../doors.ts';

/** What the firmware says of the machine, and hands over to it. Nothing here sends a packet, and nothing throws. */

/** Fields that have a text, as they are: a placeholder of a vendor recognises no provider. */
export function readDmi({ files }: Doors): Dmi {
  const read = (field: string) => {
    try {
      return files.readText(`/sys/class/dmi/id/${field}`)?.trim() ?? '';
    } catch {
      return '';
    }
  };
  const texts = dmiFields.map((field): [string, string] => [field, read(field)]);
  return Object.fromEntries(texts.filter(([, text]) => text !== ''));
}

/** The largest table of SMBIOS that is read: QEMU's has a few kilobytes, and the strings that people add. */
const longestTableBytes = 4 * maximumBytes;
/** drivers/firmware/qemu_fw_cfg.c, and systemd(1) for the name. */
const fwCfg = '/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials';
const fwCfgDevice = '/sys/bus/acpi/devices/QEMU0002:00';

/**
 * systemd's credentials in SMBIOS (type 11) and in QEMU's fw_cfg, as sources like the files of the initramfs.
 * @returns at most two sources: what other credentials than dabei's say, and the configuration in `dabei.config`
 */
export async function readCredentials(doors: Doors): Promise<{ files: SourceFile[]; notes: string[] }> {
  const notes: string[] = [];
  const unreadable: SourceFile[] = [];
  const credentials: Credential[] = [];
  const source = 'the credential dabei.config';
  const attempt = (path: string, use: (bytes: Buffer) => void) => {
    try {
      const bytes = doors.files.readStart(path, longestTableBytes);
      if (bytes !== null) use(bytes);
    } catch (thrown) {
      unreadable.push({ path: source, bytes: asDabeiError(thrown, `reading ${path}`) });
    }
  };
  attempt('/sys/firmware/dmi/tables/DMI', table => credentials.push(...smbiosCredentials(table, notes)));
  if (doors.files.exists(fwCfgDevice)) {
    // udev loads it, too, but perhaps later.
    const argv = ['modprobe', '-q', 'qemu_fw_cfg'];
    await doors.exec.attempt({ doing: 'loading the driver of fw_cfg', argv, timeoutSeconds: 10 }).catch(() => null);
    for (const name of doors.files.list(fwCfg)) attempt(`${fwCfg}/${name}/raw`, bytes => credentials.push({ name, bytes }));
  }
  const { config, hostName, keys } = takeCredentials(credentials);
  const { value, notes: more } = learntFrom('the credentials', 'seed', { hostName, keys });
  const others = Object.keys(value).length === 0 ? [] : [{ path: 'the credentials', bytes: Buffer.from(JSON.stringify(value)) }];
  return {
    files: [...others, ...(config === null ? unreadable.slice(0, 1) : [{ path: source, bytes: config }])],
    notes: [...notes, ...more],
  };
} // prettier-ignore
