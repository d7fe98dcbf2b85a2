import { X509Certificate } from 'node:crypto';

/** Certificates in PEM (RFC 7468, 5), as configCa has them. Pure. */

const begin = '-----BEGIN CERTIFICATE-----';

/**
 * Whether each certificate can be read. OpenSSL ends at the first one that it cannot read, without a word: the rest would not be trusted,
 * and a server would seem to have a certificate of nobody.
 */
export function areCertificates(text: string): boolean {
  const [before, ...blocks] = text.split(begin);
  return before === '' && blocks.length > 0 && blocks.every(block => isCertificate(`${begin}${block}`));
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== null;
  } catch {
    return false;
  }
}
