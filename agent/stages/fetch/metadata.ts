import { resolveConfiguration } from '../../config/resolve.ts';
import { maximumBytes } from '../../config/sources/decode.ts';
import { learntFrom, type Learnt } from '../../config/sources/metadata/learnt.ts';
import type { Learning } from '../../config/sources/metadata/policy.ts';
import type { MetadataSource } from '../../config/sources/metadata/source.ts';
import { judgeAnswer, mostRedirects, type Exchange, type Verdict } from '../../config/sources/url-answer.ts';
import { nextWaitSeconds } from '../../config/sources/url-schedule.ts';
import { trustedTime, utc } from '../../config/sources/validity.ts';
import { resolveWithoutFail } from '../../config/without-fail.ts';
import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readIdentity, readRtc } from '../../host/machine/identity.ts';
import { readLinks } from '../../host/machine/links.ts';
import type { Session } from '../sequence.ts';
import { adopt } from './adopt.ts';
import { namesOf } from './seeds.ts';
import { takeGivenTime } from './time.ts';

/** Asks the metadata of a provider that the firmware names, once the network is up. */

const doing = 'asking for the metadata of this machine';
/** A server on the link answers at once; one that is silent must not cost its whole deadline. */
const longestTrySeconds = 5;
const longestTokenBytes = 4096;

/**
 * Asks if the boot has a use for the answer.
 * @throws DabeiError CONFIG_FETCH or CONFIG_TOO_LARGE if this boot expects its configuration there; otherwise the failure is a warning
 */
export async function learnMetadata(doors: Doors, session: Session): Promise<void> {
  const { input, resolution } = session;
  const ask = resolution.learn.metadata;
  if (input === undefined || ask === null) return;
  let metadata: Learnt | null = null;
  try {
    const givenSeconds = await takeGivenTime(doors, resolution.learn.timeSeconds);
    metadata = await askMetadata(doors, ask, input.commandLine, givenSeconds);
    doors.log({ event: 'note', text: `${metadata.source}: ${namesOf(metadata)}` });
  } catch (thrown) {
    if (ask.want === 'install') throw thrown;
    doors.log({ event: 'warning', text: asDabeiError(thrown, doing).message });
  }
  const without = { ...input, metadata: metadata && { ...metadata, config: null } };
  adopt(
    session,
    { ...input, metadata },
    without,
    resolveWithoutFail([() => resolveConfiguration(without)]).reachability,
  );
}

async function askMetadata(
  doors: Doors,
  { source, deadlineSeconds }: NonNullable<Learning['metadata']>,
  commandLine: string,
  givenSeconds: number | null,
): Promise<Learnt> {
  const { clock } = doors;
  const server = new Server(doors, source, await placesOf(doors, source), deadlineSeconds);
  const answers: Record<string, Buffer | null> = {};
  for (const [name, path] of Object.entries(source.questions)) answers[name] = await server.ask(path);
  const now = clock.epochSeconds();
  const clocks = { systemSeconds: now, rtcSeconds: readRtc(doors), givenSeconds };
  return {
    ...learntFrom(source.signs.length > 0 ? `${source.name} metadata` : source.name, 'metadata', source.decode(answers, now)),
    identity: await readIdentity(doors, commandLine, null),
    time: trustedTime(clocks),
  };
} // prettier-ignore

/** Where a server may be. */
interface Place {
  origin: string;
  /** The link of a link-local address. */
  link?: string;
}

async function placesOf(doors: Doors, { origins, linkLocal }: MetadataSource): Promise<Place[]> {
  const links = linkLocal === undefined ? [] : await readLinks(doors);
  const usable = links.filter(({ carrier, master }) => carrier && master === undefined);
  return [
    ...origins.map(origin => ({ origin })),
    ...usable.map(({ name }) => ({ origin: `http://[${linkLocal}]`, link: name })),
  ];
}

/** One server, at the first of its places that answers, until one deadline for all questions. */
class Server {
  private readonly started: number;
  private failed = 0;
  private told = '';
  private token: Readonly<Record<string, string>> | null = null;

  private readonly doors: Doors;
  private readonly source: MetadataSource;
  private places: readonly Place[];
  private readonly deadlineSeconds: number;

  constructor(doors: Doors, source: MetadataSource, places: readonly Place[], deadlineSeconds: number) {
    this.doors = doors;
    this.source = source;
    this.places = places;
    this.deadlineSeconds = deadlineSeconds;
    this.started = doors.clock.uptimeSeconds();
  }

  async ask(path: string): Promise<Buffer | null> {
    this.token ??= await this.fetchToken();
    return this.exchange({ path, headers: this.token, limitBytes: maximumBytes });
  }

  private async fetchToken(): Promise<Readonly<Record<string, string>>> {
    const { token } = this.source;
    if (token === undefined) return {};
    const { path, headers, sentAs, isOptional } = token;
    const request = { path, method: 'PUT', headers, limitBytes: longestTokenBytes } as const;
    const answer = await this.exchange(request, isOptional);
    const text = answer?.toString('latin1').trim() ?? '';
    if (/^[\x21-\x7e]+$/.test(text)) return { [sentAs]: text };
    if (isOptional) return {};
    throw this.refusal(`${path}: the server sent no token`);
  }

  /** @param mayRefuse a status of 4xx means that the server does not know the question */
  private async exchange(
    asked: { path: string; method?: 'GET' | 'PUT'; headers: Readonly<Record<string, string>>; limitBytes: number },
    mayRefuse = false,
  ): Promise<Buffer | null> {
    const { clock, log, network } = this.doors;
    const { path, method = 'GET', headers, limitBytes } = asked;
    for (;;) {
      const place = this.places[this.failed % this.places.length]!;
      const url = `${place.origin}${path}`;
      const elapsed = clock.uptimeSeconds() - this.started;
      const outcome = await network.exchange({
        ...{ url, method, ca: null, limitBytes },
        headers: { ...this.source.headers, ...headers },
        timeoutSeconds: Math.max(1, Math.min(longestTrySeconds, Math.round(this.deadlineSeconds - elapsed))),
        ...(this.source.fromLowPort ? { fromLowPort: true } : {}),
        ...(place.link === undefined ? {} : { link: place.link }),
      });
      if (!('failure' in outcome)) this.places = [place];
      const verdict = this.judge(url, outcome, limitBytes);
      if (verdict.kind === 'body') return verdict.body;
      if (verdict.kind === 'nothing') return null;
      if (mayRefuse && !('failure' in outcome) && outcome.status >= 400) return null;
      if (verdict.kind !== 'again') throw this.refusal(`${url}: ${verdict.kind === 'refused' ? verdict.why : 'a redirect'}`);
      this.failed++;
      const wait = nextWaitSeconds({
        ...{ failed: Math.ceil(this.failed / this.places.length), elapsedSeconds: clock.uptimeSeconds() - this.started },
        ...{ deadlineSeconds: this.deadlineSeconds, random: Math.random() },
        ...(verdict.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: verdict.retryAfterSeconds }),
      });
      if (wait === null) throw this.refusal(`${url}: ${verdict.why} (for ${this.deadlineSeconds} s)`);
      if (verdict.why !== this.told) log({ event: 'warning', text: `${url}: ${verdict.why}; dabei asks again` });
      this.told = verdict.why;
      await clock.sleep(wait);
    }
  } // prettier-ignore

  private judge(url: string, outcome: Exchange['outcome'], limitBytes: number): Verdict {
    if (!('failure' in outcome)) {
      const { status, body } = outcome;
      // User-data may be of any kind.
      if (status === 200) return { kind: 'body', body };
      if (this.source.notYet?.includes(status)) return { kind: 'again', why: `the server answered ${status}` };
    }
    const clock = utc(this.doors.clock.epochSeconds());
    // No provider redirects; whoever does is another server.
    return judgeAnswer({ url, outcome }, { verified: true, redirects: mostRedirects, clock, limitBytes });
  } // prettier-ignore

  private refusal(problem: string): DabeiError {
    const remedy = '"dabei install" asks again; dabei.metadata=off asks nobody';
    return new DabeiError('CONFIG_FETCH', { doing, problem: `${this.source.name}: ${problem}`, remedy });
  }
}
