import { z } from 'zod';
import { layouts, passphraseBytes } from '../../limits.ts';
import { Secret } from '../../secret.ts';
import { limits } from '../limits.ts';
import { line, secretLine, text } from '../text.ts';

/** The disks to erase, and the pool on them. */

/** Bytes: a number, or a string with a binary unit. */
const size = z.union([
  z.number().int().nonnegative(),
  line(limits.word)
    .regex(/^\d+(\.\d+)?(KiB|MiB|GiB|TiB)$/, 'is not a valid size, such as 512MiB or 8GiB')
    .transform(value => {
      const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
      return Math.round(Number(value.slice(0, -3)) * units[value.slice(-3) as keyof typeof units]);
    }),
]);

export const diskSelectorSchema = z
  .union([
    z.literal('only'),
    line(limits.reference).regex(/^\/dev\/\S+$/, 'is neither "only" nor a path under /dev'),
    z
      .strictObject({
        serial: text(limits.property).optional().describe('serial number'),
        wwn: text(limits.property).optional().describe('world wide name'),
        model: text(limits.property).optional().describe('model'),
        transport: text(limits.property).optional().describe('"virtio", "nvme", "sata", "sas" or "usb"'),
        size: z
          .strictObject({
            min: size.optional().describe('smallest size, in bytes or as 400GiB'),
            max: size.optional().describe('largest size'),
          })
          .optional()
          .describe('range of sizes'),
      })
      .refine(value => Object.keys(value).length > 0, 'names no property of a disk'),
  ])
  .describe('a path under /dev; or properties of the disk; or "only", the single suitable disk');

/**
 * Files that the flake's own layout reads its keys from. Only below directories that are in RAM and that belong to people; those of
 * the installer's own programs are left out.
 */
const keyFile = z.strictObject({
  path: line(limits.property)
    .regex(
      /^\/(tmp|run|root)(\/(?!\.{1,2}(\/|$))[^/\s]+)+$/,
      'is not the path of a file below /tmp, /run or /root, which are in RAM',
    )
    .regex(
      /^(?!\/run\/(dabei|udev|mount|lock|sshd|cryptsetup|lvm|mdadm)\/|\/root\/\.ssh\/)/,
      'is below a directory that programs of the installer use',
    )
    .describe('where the layout expects the file, such as /tmp/disk.key'),
  content: z
    .string()
    .min(1)
    .max(limits.keyFile, { abort: true })
    .refine(value => !/\p{Cs}/u.test(value), 'is not valid Unicode')
    .transform(value => new Secret(value))
    .describe('the content of the file, byte for byte: a line break at its end is a part of the key'),
});

export const disksSchema = z
  .strictObject({
    layout: z
      .enum(layouts)
      .default('single')
      .describe('vdev type of the pool; "disko": the disko script of the flake lays out the disks'),
    /** Has no default: dabei never guesses a disk. */
    devices: z
      .array(diskSelectorSchema)
      .min(1)
      .max(limits.disks)
      .describe(
        'one selector for each member of the pool; with the layout "disko", for each disk that it uses',
      ),
    wipe: z
      .union([z.boolean(), z.literal('full')])
      .default(false)
      .describe('true: erase disks that hold data; "full" also overwrites every block with zeros'),
    generation: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe(
        'raise it, and set wipe, to install the same configuration again over a finished installation',
      ),
    copies: z
      .boolean()
      .optional()
      .describe(
        'true: this disk is copied to many machines, and each copy makes itself its own at its first start',
      ),
    poolName: line(limits.word)
      .regex(
        /^(?!mirror|raidz|draid|spare|log$)[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
        'is not a valid pool name (zpool-create(8))',
      )
      .default('rpool')
      .describe('name of the pool'),
    swap: z
      .union([z.literal('auto'), size])
      .default('auto')
      .describe(
        'size of swap, in bytes or as 8GiB, encrypted with a new random key at every boot; "auto": by RAM; 0: no swap',
      ),
    // FAT32 has at least 65525 clusters, and a cluster at least a sector (fatgen103, "FAT Type Determination").
    esp: z
      .union([
        z.literal('auto'),
        size
          .refine(bytes => bytes >= 260 * 2 ** 20, 'must be 260MiB or more: FAT32 on sectors of 4096 bytes')
          .transform(bytes => Math.ceil(bytes / 2 ** 20) * 2 ** 20),
      ])
      .default('auto')
      .describe(
        'size of the ESP on each member, in bytes or as 1GiB, for the kernel and initrd of each generation; ' +
          '"auto": 1GiB on disks of 16GiB or more, otherwise 512MiB',
      ),
    encryption: z
      .enum(['aes-256-gcm', 'none'])
      .default('aes-256-gcm')
      .describe('"none": anyone with access to the disks can read the data'),
    keyFormat: z
      .enum(['passphrase', 'hex'])
      .default('passphrase')
      .describe('"hex": disks.key is the 256-bit key itself, as 64 hexadecimal digits'),
    key: secretLine(limits.reference)
      .transform(value => new Secret(value))
      .refine(
        value => value.length >= passphraseBytes.least && value.length <= passphraseBytes.most,
        `must be ${passphraseBytes.least} to ${passphraseBytes.most} bytes long, as ZFS requires`,
      )
      .optional()
      .describe(
        `passphrase of the pool, ${passphraseBytes.least} to ${passphraseBytes.most} bytes; with keyFormat "hex", its key; ` +
          'required unless encryption is "none"',
      ),
    keyFiles: z
      .array(keyFile)
      .max(limits.keyFiles)
      .refine(files => new Set(files.map(({ path }) => path)).size === files.length, 'has a path twice')
      .refine(
        files => !files.some(({ path }) => files.some(other => other.path.startsWith(`${path}/`))),
        'has a file below another file',
      )
      .optional()
      .describe(
        'with the layout "disko": files with the keys that the layout reads; they exist only while its script runs, in RAM',
      ),
  })
  .refine(({ encryption, key }) => encryption !== 'none' || key === undefined, {
    path: ['key'],
    error: 'is set, but disks.encryption is "none": leave one of the two out',
  })
  .refine(
    ({ keyFormat, key }) =>
      keyFormat !== 'hex' || key === undefined || /^[0-9A-Fa-f]{64}$/.test(key.reveal().toString('latin1')),
    { path: ['key'], error: 'must be 64 hexadecimal digits with the key format "hex"' },
  );

export type DisksConfig = z.output<typeof disksSchema>;
export type DiskSelector = z.output<typeof diskSelectorSchema>;
