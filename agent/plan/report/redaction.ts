import { redactTokens } from '../../redact-tokens.ts';
import { Secret } from '../../secret.ts';

/** No log entry has a secret; this removes them from what leaves the machine even if one had. Pure. */

/** A shorter text is no secret that could be found in a text: it would be a part of many words. */
const leastBytes = 6;

/**
 * What to look for: each secret of a configuration, its lines, and its base64, as on a kernel command line.
 * @param values a configuration, or parts of one
 * @param known public keys: a private key has the public one inside, which is no secret
 */
export function secretsIn(values: unknown, known: readonly string[] = []): Buffer[] {
  const found: Buffer[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Secret) {
      const bytes = value.reveal();
      const text = bytes.toString('latin1');
      const lines = text.split(/\r?\n/).filter(line => !/^-----(BEGIN|END) /.test(line));
      const encoded = [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
      for (const part of [text, text.trim(), ...lines, ...encoded]) found.push(Buffer.from(part, 'latin1'));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(values);
  const isPublic = (part: Buffer) => known.some(text => text.includes(part.toString('latin1')));
  const long = found.filter(part => part.length >= leastBytes && !isPublic(part));
  // The longest first: a line inside a key must not keep the rest of the key from being found.
  return long.toSorted((a, b) => b.length - a.length);
}

/** @returns the same JSON value with "[redacted]" in place of secrets and of access tokens, in keys of objects, too */
export function redact<T>(value: T, secrets: readonly Buffer[]): T {
  const clean = (text: string): string => {
    const bytes = Buffer.from(text);
    const known = secrets.filter(secret => bytes.includes(secret));
    return redactTokens(
      known.reduce((rest, secret) => rest.replaceAll(secret.toString(), '[redacted]'), text),
    );
  };
  const visit = (part: unknown): unknown => {
    if (typeof part === 'string') return clean(part);
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, child]) => [clean(key), visit(child)]));
  };
  return visit(value) as T;
}
