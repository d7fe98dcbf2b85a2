import { createHash } from 'node:crypto';
import { maximumBytes } from '../../config/sources/decode.ts';
import type { Fetched } from '../../config/sources/fetched.ts';
import { isVerified, type FetchOrder } from '../../config/sources/order.ts';
import { expandUrl, signatureUrl, splitCredentials, type Identity } from '../../config/sources/url.ts';
import { trustedTime, type TrustedTime } from '../../config/sources/validity.ts';
import { DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readIdentity, readRtc } from '../../host/machine/identity.ts';
import { download, shownUrl, type DownloadRequest } from './download.ts';
import { takeGivenTime, timeLearner, type LearntTime } from './time.ts';
import type { Session } from '../sequence.ts';
import { adopt } from './adopt.ts';
import { verifySignature } from './config-signature.ts';

/** The configuration that this boot names by its address: fetched, verified, and merged with the other sources. */

/** A signature has 300 bytes, by an RSA key of 16384 bits 6 KB. */
const longestSignatureBytes = 64 * 1024;
const directory = '/run/dabei/config-url';
const doing = 'fetching the configuration';

/**
 * Replaces the session's resolution by the one with the configuration that arrived.
 * @returns whether the server has a configuration for this machine
 * @throws DabeiError for a configuration that cannot be fetched or verified; nothing of it is used
 */
export async function fetchConfig(doors: Doors, session: Session): Promise<boolean> {
  const { input, resolution: own } = session;
  if (own.fetch === null || input === undefined) return true;
  const isNamed = (own.origins['hostName'] ?? 'built-in') !== 'built-in';
  const hostName = isNamed ? own.reachability.hostName : null;
  const identity = await readIdentity(doors, input.commandLine, hostName);
  const fetched = await fetchAny(doors, own.fetch, identity);
  adopt(session, { ...input, fetched }, { ...input, fetched: null }, own.reachability);
  doors.log({
    event: 'note',
    text:
      fetched === null
        ? 'the server has no configuration for this machine, which becomes a rescue system'
        : `configuration: ${fetched.source}${fetched.signer === null ? '' : `, signed by ${fetched.signer}`}`,
  });
  return fetched !== null;
}

/** Asks under each MAC address by which the machine may have started, until the server has something. */
async function fetchAny(doors: Doors, order: FetchOrder, identity: Identity): Promise<Fetched | null> {
  const { urls, missing } = expandUrl(order.template, identity);
  if (missing.length > 0)
    throw new DabeiError('CONFIG_URL_IDENTITY', {
      doing,
      problem: `the address has ${missing.map(name => `{${name}}`).join(' and ')}, and this machine has none that fits`,
      remedy: 'use another placeholder, or give dabei.hostname= for {hostname}',
    });
  const givenSeconds = await takeGivenTime(doors, order.timeSeconds);
  const learnt = timeLearner(doors);
  const startedSeconds = doors.clock.uptimeSeconds();
  for (const url of urls) {
    const request: DownloadRequest = {
      ...{ doing, url, ca: order.ca, limitBytes: maximumBytes, verified: isVerified(order) },
      ...{ startedSeconds, deadlineSeconds: order.deadlineSeconds, dice: Math.random },
      ...(givenSeconds === null ? { learnTime: learnt.learn } : {}),
    };
    const found = await download(doors, request);
    if (found === null) {
      doors.log({ event: 'note', text: `${shownUrl(url)}: nothing for this machine` });
      continue;
    }
    checkHash(order, url, found.body);
    const time = readTime(doors, givenSeconds, learnt);
    const signer = order.signers.length === 0 ? null : await checkSignature(doors, order, request, found.body, time);
    const source = shownUrl(splitCredentials(url).url);
    return { source, bytes: found.body, inClear: found.inClear, signer, identity, time };
  }
  return null;
} // prettier-ignore

function checkHash({ sha256 }: FetchOrder, url: string, body: Buffer): void {
  const found = createHash('sha256').update(body).digest('hex');
  if (sha256 === null || found === sha256) return;
  throw new DabeiError('CONFIG_HASH', {
    doing,
    problem: `${shownUrl(url)}: its SHA-256 is ${found}, and ${sha256} is expected`,
    remedy: 'correct dabei.config_sha256, or the file on the server',
  });
}

async function checkSignature(
  doors: Doors,
  order: FetchOrder,
  request: DownloadRequest,
  body: Buffer,
  time: TrustedTime,
): Promise<string> {
  const { files } = doors;
  const url = signatureUrl(request.url);
  const signature = await download(doors, { ...request, url, limitBytes: longestSignatureBytes });
  if (signature === null)
    throw new DabeiError('CONFIG_SIGNATURE', {
      doing,
      problem: `there is no signature at ${shownUrl(url)}`,
      remedy: 'sign the file with "dabei sign", and put FILE.sig beside it',
    });
  const paths = { signers: `${directory}/allowed_signers`, signature: `${directory}/signature` };
  files.makeDirectory(directory, 0o700);
  files.writeAtomic(paths.signers, order.signers.map(line => `${line}\n`).join(''), 0o600);
  files.writeAtomic(paths.signature, signature.body, 0o600);
  const epochSeconds = 'unknown' in time ? null : time.epochSeconds;
  return verifySignature(doors, body, paths, { epochSeconds });
}

function readTime(doors: Doors, givenSeconds: number | null, { movedSeconds }: LearntTime): TrustedTime {
  const now = doors.clock.epochSeconds();
  return trustedTime({
    ...{ systemSeconds: now - movedSeconds, rtcSeconds: readRtc(doors), givenSeconds },
    networkSeconds: movedSeconds > 0 ? now : null,
  });
}
