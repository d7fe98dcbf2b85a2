/** Reads the output of `sshd -T` (sshd(8)) on the old system, which `run` captured. Pure. */

/** Name in lower case -> its values, one per line. */
export type SshdOptions = ReadonlyMap<string, readonly string[]>;

export function readSshdOptions(text: string): SshdOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^([a-z0-9]+)(?: (.*))?$/.exec(line.trim()) ?? [];
    if (name === undefined) continue;
    const values = options.get(name);
    if (values === undefined) options.set(name, [value]);
    else values.push(value);
  }
  return options;
}

/** Sentences about settings of the old system that do not apply here (sshd_config(5)). */
export function sshdNotes(options: SshdOptions): string[] {
  const values = (name: string) =>
    (options.get(name) ?? []).filter(value => value !== '' && value !== 'none');
  const notes: string[] = [];
  for (const name of ['AuthorizedKeysCommand', 'AuthorizedPrincipalsCommand', 'HostKeyAgent'])
    for (const value of values(name.toLowerCase()))
      notes.push(`sshd of the old system has ${name} ${value}, which this sshd ignores`);
  if (values('trustedusercakeys').length > 0 && values('authorizedprincipalsfile').length > 0)
    notes.push(
      `certificates by ${values('trustedusercakeys').join(' ')} permit no login here: their principals come from ` +
        values('authorizedprincipalsfile').join(' '),
    );
  const methods = values('authenticationmethods').filter(value => !value.split(' ').some(isKeyAlone));
  if (methods.length > 0)
    notes.push(`sshd of the old system requires ${methods.join(' ')}; here a key alone is enough`);
  const addresses = [...new Set(values('listenaddress').map(addressOf))].filter(address => !isAny(address));
  if (addresses.length > 0)
    notes.push(
      `sshd of the old system listens on ${addresses.join(' and ')} only; this one listens on every address`,
    );
  const ports = [...new Set(values('port'))];
  if (ports.length > 1)
    notes.push(`sshd of the old system listens on the ports ${ports.join(', ')}; this one listens on one`);
  if (values('hostcertificate').length > 0)
    notes.push(
      'the system that starts now presents host certificates; an installed system does not have them',
    );
  return notes;
}

function isKeyAlone(method: string): boolean {
  return method === 'any' || method === 'publickey';
}

/** "192.0.2.1:22" or "[::1]:22". */
function addressOf(value: string): string {
  return value.replace(/:\d+( rdomain .*)?$/, '').replace(/^\[(.*)\]$/, '$1');
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** @param text contents of the file; null without one @returns null if the text is not a valid port */
export function readPort(text: string | null): number | null {
  const digits = /^\s*(\d{1,5})\s*$/.exec(text ?? '')?.[1];
  const port = Number(digits ?? 0);
  return port >= 1 && port <= 65535 ? port : null;
}
