import { fromProblem } from './from.ts';

/** The options before a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT), parsed like sshauthopt_parse of OpenSSH 10.0. Pure. */
export interface KeyOptions {
  /** The command that the key always runs; null if the key may run any command. */
  command: string | null;
  /** The key signs certificates, and permits no login itself. */
  isAuthority: boolean;
  /** The line admits only some clients: another line with the same key may admit others. */
  hasFrom: boolean;
  /** Why the line admits nobody, as the end of a sentence about it. */
  refusal: string | null;
}

/** Flags that may have the prefix "no-". */
const negatable = [
  ...['port-forwarding', 'agent-forwarding', 'x11-forwarding', 'touch-required', 'verify-required', 'pty'],
  'user-rc',
];

/** SSH_AUTHOPT_PERMIT_MAX and SSH_AUTHOPT_ENV_MAX: sshd refuses a line with more. */
const mostPermits = 4096;
const mostVariables = 1024;

/**
 * @param text the options, without blanks outside quotes
 * @param now seconds since 1970
 * @returns the options, or why sshd cannot parse them
 */
export function readKeyOptions(text: string, now: number): KeyOptions | string {
  const scanner = new Scanner(text);
  const found: KeyOptions = { command: null, isAuthority: false, hasFrom: false, refusal: null };
  const values = new Map<string, string>();
  const counts = { permitopen: 0, permitlisten: 0, environment: 0 };
  let expires = 0;
  while (!scanner.isAtEnd) {
    // sshd treats several commas as one.
    if (scanner.comma()) continue;
    if (scanner.flag('restrict', false) || negatable.some(name => scanner.flag(name, true))) {
      // These flags remove permissions, but not the shell: a shell without a terminal is still a shell.
    } else if (scanner.flag('cert-authority', false)) {
      found.isAuthority = true;
    } else {
      const name = valued.find(each => scanner.name(each));
      if (name !== undefined) {
        const value = scanner.quoted();
        if (value === null) return `has a value of the option ${name} without quotes around it`;
        if (isOnce(name)) {
          if (values.has(name)) return `has the option ${name} twice`;
          values.set(name, value);
        } else if (name === 'expiry-time') {
          const at = absoluteTime(value);
          if (at === null || at === 0)
            return 'has an expiry-time that is not a valid time, such as "20300101"';
          // sshd treats a time before 1970 as one that never comes.
          const until = at < 0 ? Infinity : at;
          expires = expires === 0 ? until : Math.min(expires, until);
        } else if (name === 'environment') {
          if (counts.environment++ > mostVariables) return 'has too many environment options';
          if (!/^[A-Za-z0-9_]+=/.test(value)) return 'has an environment option that is not NAME=value';
        } else if (name === 'tunnel') {
          if (!/^(any|\d{1,10})$/i.test(value) || Number(value) > 0x7fffffff - 2)
            return 'has a tunnel that is not a number';
        } else {
          if (counts[name]++ > mostPermits) return `has too many ${name} options`;
          if (!isPermit(value, name === 'permitlisten')) return `has a ${name} that is not HOST:PORT`;
        }
      }
    }
    if (scanner.isAtEnd) break;
    if (!scanner.comma()) return 'has an option before the key that sshd does not know';
  }
  found.command = values.get('command') ?? null;
  const from = values.get('from');
  found.hasFrom = from !== undefined;
  if (expires !== 0 && expires < now) found.refusal = `expired at ${new Date(expires * 1000).toISOString()}`;
  else if (values.has('principals') && !found.isAuthority)
    found.refusal = 'has principals, which only a certificate authority can have';
  else if (from !== undefined) found.refusal = fromProblem(from);
  return found;
}

const valued = [
  ...(['command', 'principals', 'from', 'expiry-time', 'environment', 'permitopen', 'permitlisten'] as const),
  'tunnel',
] as const;

function isOnce(name: (typeof valued)[number]): name is 'command' | 'principals' | 'from' {
  return name === 'command' || name === 'principals' || name === 'from';
}

/** handle_permit: "host:port", "[address]:port"; a port alone for listening. */
function isPermit(value: string, bareport: boolean): boolean {
  const text = bareport && !value.includes(':') ? `*:${value}` : value;
  const [, host, port] = /^(\[[^\]]*\]|[^:/]*)[:/](.*)$/s.exec(text) ?? [];
  if (host === undefined || host.length >= 1025) return false;
  return port === '*' || (/^\d{1,5}$/.test(port!) && Number(port) > 0 && Number(port) <= 65535);
}

/** parse_absolute_time: YYYYMMDD[HHMM[SS]], with Z or UTC at the end, or in the machine's own zone, which is UTC here. */
function absoluteTime(value: string): number | null {
  const [, year, month, day, hour = '0', minute = '0', second = '0'] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:Z|UTC)?$/i.exec(value) ?? [];
  if (year === undefined) return null;
  const [mm, dd, h, m, s] = [month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (mm < 1 || mm > 12 || dd < 1 || dd > 31 || h > 23 || m > 59 || s > 61) return null;
  const time = new Date(0);
  // Date.UTC treats years below 100 as 19xx.
  time.setUTCFullYear(Number(year), mm - 1, dd);
  time.setUTCHours(h, m, s);
  return time.getTime() / 1000;
}

/** Parses in the same order as sshd: "restrictfoo" is the flag restrict, followed by something unknown. */
class Scanner {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  flag(name: string, negatable: boolean): boolean {
    return (negatable && this.#skip(`no-${name}`)) || this.#skip(name);
  }

  name(name: string): boolean {
    return this.#skip(`${name}=`);
  }

  comma(): boolean {
    return this.#skip(',');
  }

  /** opt_dequote: \" is a quote; sshd knows no other escape. */
  quoted(): string | null {
    const [all, value] = /"((?:\\"|[^"\\]|\\(?!"))*)"/y.exec(this.#text.slice(this.#at)) ?? [];
    if (all === undefined) return null;
    this.#at += all.length;
    return value!.replaceAll('\\"', '"');
  }

  #skip(text: string): boolean {
    const there = this.#text.slice(this.#at, this.#at + text.length).toLowerCase() === text;
    if (there) this.#at += text.length;
    return there;
  }
}
