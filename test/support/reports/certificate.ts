import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';

export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate of 127.0.0.1 that signs itself, by openssl(1). */
export function selfSigned(directory: string): Certificate {
  const file = (name: string) => join(directory, name);
  const san = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')];
  execFileSync('openssl', ['req', '-x509', ...key, ...san, '-days', '3', '-out', file('cert.pem')], {
    stdio: 'ignore',
  });
  return { key: readFileSync(file('key.pem'), 'utf8'), cert: readFileSync(file('cert.pem'), 'utf8') };
}

/** @returns "https://127.0.0.1:PORT" */
export async function serveTls(t: Test, certificate: Certificate, handle: RequestListener): Promise<string> {
  const server = createServer(certificate, handle);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
