import { cleanLine } from '../clean-text.ts';
import { DabeiError, Refusals, asDabeiError, type ErrorCode } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { closureOf, type Closure } from '../plan/nix/closure.ts';
import { isSignedBy, narinfoName, parseNarinfo, storeDirectory, type Narinfo } from '../plan/nix/narinfo.ts';

/**
 * Checks in the binary caches, before dabei touches a disk, that every path of a prebuilt system is present and that a trusted key
 * has signed it. Nix compares the contents with their hashes while it copies them.
 */

export interface ClosureRequest {
  toplevel: string;
  /** Addresses without a trailing slash, in the order in which dabei asks them. */
  substituters: readonly string[];
  /** Each in the form "NAME:BASE64". */
  keys: readonly string[];
}

/** Concurrent requests. */
const concurrency = 16;
const tellEverySeconds = 5;
/** The search stops after this number of problems. */
const enoughProblems = 20;
const shown = 3;

interface Walk extends ClosureRequest {
  request: Doors['network']['request'];
  /** Caches that stopped answering, and why. */
  dead: Map<string, DabeiError>;
  problems: DabeiError[];
}

/**
 * Walks the references breadth first.
 * @throws Refusals of CACHE_UNREACHABLE, CLOSURE_PATH_MISSING, CLOSURE_NARINFO and CLOSURE_SIGNATURE, one per code
 */
export async function readClosure(doors: Doors, asked: ClosureRequest): Promise<Closure> {
  const { clock, log, network } = doors;
  const walk: Walk = { ...asked, request: network.request, dead: new Map(), problems: [] };
  await Promise.all(asked.substituters.map(cache => greet(walk, cache)));
  const seen = new Set([asked.toplevel]);
  const queue = [asked.toplevel];
  const found: Narinfo[] = [];
  let told = clock.uptimeSeconds();
  const visit = async (path: string) => {
    const narinfo = await lookUp(walk, path);
    if (narinfo === null) return;
    found.push(narinfo);
    for (const reference of narinfo.references) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      queue.push(reference);
    }
    if (clock.uptimeSeconds() - told < tellEverySeconds) return;
    told = clock.uptimeSeconds();
    log({ event: 'progress', text: `asked the binary caches for ${found.length} of ${seen.size} paths` });
  };
  const active = new Set<Promise<void>>();
  while (queue.length > 0 || active.size > 0) {
    if (walk.problems.length >= enoughProblems || isDeserted(walk)) queue.length = 0;
    while (queue.length > 0 && active.size < concurrency) {
      const visiting: Promise<void> = visit(queue.shift()!).finally(() => active.delete(visiting));
      active.add(visiting);
    }
    if (active.size > 0) await Promise.race(active);
  }
  if (isDeserted(walk)) throw new Refusals([...walk.dead.values()]);
  if (walk.problems.length > 0) throw new Refusals(summarise(walk.problems));
  for (const { message: text } of walk.dead.values()) log({ event: 'warning', text });
  const alive = asked.substituters.filter(cache => !walk.dead.has(cache));
  return closureOf(asked.toplevel, alive, found);
}

function isDeserted({ substituters, dead }: Walk): boolean {
  return dead.size === substituters.length;
}

/** Whether the address is a binary cache for /nix/store (nix-cache-info). */
async function greet(walk: Walk, cache: string): Promise<void> {
  const doing = `looking at the binary cache ${cache}`;
  try {
    const { status, text } = await walk.request({ doing, url: `${cache}/nix-cache-info` });
    if (status !== 200)
      walk.dead.set(cache, unreachable(doing, `it answered ${status} when asked for nix-cache-info`));
    const directory = cleanLine(/^StoreDir: *(\S+)/m.exec(text)?.[1] ?? storeDirectory, 200);
    if (status === 200 && directory !== storeDirectory)
      walk.dead.set(cache, unreachable(doing, `it serves ${directory} instead of ${storeDirectory}`));
  } catch (error) {
    walk.dead.set(cache, unreachable(doing, asDabeiError(error, doing).problem));
  }
}

function unreachable(doing: string, problem: string): DabeiError {
  return new DabeiError('CACHE_UNREACHABLE', {
    doing,
    problem,
    remedy: 'check system.substituters, and that the machine reaches the cache, then run: dabei install',
  });
}

/** The narinfo from the first cache that has it signed, as Nix chooses; null, with a problem noted, if no cache has. */
async function lookUp(walk: Walk, path: string): Promise<Narinfo | null> {
  const problems: DabeiError[] = [];
  for (const cache of walk.substituters) {
    if (walk.dead.has(cache)) continue;
    const doing = `asking ${cache} for ${path}`;
    try {
      const { status, text } = await walk.request({ doing, url: `${cache}/${narinfoName(path)}` });
      if (status !== 200) {
        problems.push(missing(doing, path, `it answered ${status}`));
        continue;
      }
      const narinfo = parseNarinfo(text, path);
      if (!isSignedBy(narinfo, walk.keys)) problems.push(unsigned(doing, narinfo));
      else if (await hasArchive(walk, doing, `${cache}/${narinfo.url}`)) return narinfo;
      else problems.push(missing(doing, path, 'its archive is missing'));
    } catch (thrown) {
      const error = asDabeiError(thrown, doing);
      if (error.code !== 'HTTP') problems.push(error);
      else walk.dead.set(cache, unreachable(doing, error.problem));
    }
  }
  const [first] = problems;
  // A cache that stopped answering may have the path.
  const [lost] = walk.dead.values();
  const isMissing = problems.every(({ code }) => code === 'CLOSURE_PATH_MISSING');
  const problem =
    isMissing && lost ? lost : (problems.find(({ code }) => code !== 'CLOSURE_PATH_MISSING') ?? first);
  if (problem) walk.problems.push(problem);
  return null;
}

/** Some servers do not support HEAD and answer "missing" to it, so a GET follows. */
async function hasArchive({ request }: Walk, doing: string, url: string): Promise<boolean> {
  for (const method of ['HEAD', 'GET-HEADERS'] as const) {
    const { status } = await request({ doing, url, method });
    if (status < 400 || (method === 'HEAD' && status !== 404 && status !== 403 && status !== 410))
      return true;
  }
  return false;
}

function missing(doing: string, path: string, problem: string): DabeiError {
  return new DabeiError('CLOSURE_PATH_MISSING', {
    doing,
    problem,
    remedy: `copy the path with its closure to a cache: nix copy --to CACHE ${path}`,
  });
}

function unsigned(doing: string, { signatures }: Narinfo): DabeiError {
  const names = [...new Set(signatures.map(signature => signature.split(':')[0]))].slice(0, shown);
  return new DabeiError('CLOSURE_SIGNATURE', {
    doing,
    problem:
      names.length === 0
        ? 'it is not signed'
        : `the signature by ${names.join(', ')} is not one by a key of system.trustedPublicKeys over what the cache says`,
    remedy: 'add the key to system.trustedPublicKeys if you trust it, or sign the paths: nix store sign',
  });
}

/** One reason per code, with the first few examples. */
function summarise(problems: readonly DabeiError[]): DabeiError[] {
  const codes = [...new Set(problems.map(({ code }) => code))];
  return codes.map((code: ErrorCode) => {
    const [first, ...others] = problems.filter(problem => problem.code === code);
    const { doing, problem, remedy } = first!;
    const examples = others.slice(0, shown - 1).map(other => `\n  ${other.doing}: ${other.problem}`);
    const rest = others.length - examples.length;
    const more =
      rest > 0 ? `\n  and ${problems.length >= enoughProblems ? 'at least ' : ''}${rest} more` : '';
    return new DabeiError(code, {
      doing,
      problem: `${problem}${examples.join('')}${more}`,
      ...(remedy === undefined ? {} : { remedy }),
    });
  });
}
