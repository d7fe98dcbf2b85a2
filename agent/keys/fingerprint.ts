import { createHash } from 'node:crypto';

/**
 * "SHA256:" and the unpadded base64 of the hash of a public key, as `ssh-keygen -l` shows it (sshkey_fingerprint of OpenSSH).
 * @param key in SSH's wire format, or as text: "TYPE BASE64 …"
 */
export function fingerprint(key: Buffer | string): string {
  const blob = typeof key === 'string' ? Buffer.from(key.split(/[ \t]+/)[1] ?? '', 'base64') : key;
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
