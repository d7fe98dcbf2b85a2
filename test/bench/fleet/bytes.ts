import type { Sent } from '../../vm/harness/rack/rack.ts';

/** What the servers of a rack sent to each machine, from nginx's log. Pure. */
export interface Bytes {
  /** Kernel and initrd. */
  image: number;
  /** Archives of the system. */
  closure: number;
  /** Everything else: scripts, configurations, what the cache says of paths, answers to reports. */
  rest: number;
  total: number;
  /** Of the image and of the archives: what was sent more than once, and small archives that were sent more than twice. */
  twice: readonly string[];
}

/** `dabei plan` reads some files of a system's top level, whose archive of a few kB is fetched once more to install it. */
const largeBytes = 100_000;

const isImage = (path: string) => path === '/bzImage' || path === '/initrd';
const isArchive = (path: string) => path.startsWith('/cache/nar/');

/** @returns address -> bytes, of every client but the server itself */
export function bytesByMachine(sent: readonly Sent[], server: string): Map<string, Bytes> {
  const machines = new Map<string, Sent[]>();
  for (const each of sent) {
    if (each.address !== server) machines.set(each.address, [...(machines.get(each.address) ?? []), each]);
  }
  return new Map([...machines].map(([address, all]) => [address, sumUp(all)]));
}

function sumUp(all: readonly Sent[]): Bytes {
  const sum = (counts: (path: string) => boolean) =>
    all.filter(({ path }) => counts(path)).reduce((bytes, each) => bytes + each.bytes, 0);
  const [image, closure] = [sum(isImage), sum(isArchive)];
  const total = sum(() => true);
  const times = new Map<string, number>();
  const twice = all
    .filter(({ method, status, path }) => method === 'GET' && status < 300 && (isImage(path) || isArchive(path)))
    .filter(({ path, bytes }) => {
      times.set(path, (times.get(path) ?? 0) + 1);
      return times.get(path)! > (bytes < largeBytes ? 2 : 1);
    });
  return { image, closure, rest: total - image - closure, total, twice: twice.map(({ path }) => path) };
} // prettier-ignore

/** By how much the largest is more than the smallest, as a share of the smallest. */
export function spread(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values) - 1;
}
