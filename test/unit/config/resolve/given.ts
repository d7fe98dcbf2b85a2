import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const config = (value: unknown) => `dabei.config=${base64(JSON.stringify(value))}`;
export const key = `${publicKeyOf('me')} me@laptop`;
export const passphrase = 'correct horse';
export const disks = { devices: ['/dev/vda'], key: passphrase };
export const byPath = '/dev/disk/by-path/pci-0000:00:17.0-ata-1';

export function resolve(commandLine: string, file?: string | Buffer) {
  const files = file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(file) }];
  return resolveConfiguration({ commandLine, files });
}
