import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { listen, type FileServer } from './serve.ts';

/** A binary cache as caches are on the internet, and as they are on a bad day. */

/** What goes wrong with one request. */
export type Fault =
  | { status: number; retryAfter?: number }
  /** The connection ends after so many bytes of the body. */
  | { cutAfterBytes: number }
  | { text: string }
  /** Another file of the cache in place of the one that was asked for. */
  | { insteadServe: string }
  | { bytesPerSecond: number };

/**
 * @param path such as "/nar/….nar.xz"
 * @param time how often this path was asked for, this time included
 */
export type Weather = (path: string, time: number) => Fault | undefined;

/** Serves a directory that `nix copy --to file://` has filled; ranges of a file as well, since Nix resumes by them. */
export async function serveCache(directory: string, weather: Weather = () => undefined): Promise<FileServer> {
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(path);
    const fault = weather(path, requests.filter(earlier => earlier === path).length);
    if (fault && 'status' in fault) {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      response.writeHead(fault.status, '', headers).end();
      return;
    }
    if (fault && 'text' in fault) {
      response.writeHead(200, { 'content-type': 'text/x-nix-narinfo' }).end(fault.text);
      return;
    }
    const file = join(directory, fault && 'insteadServe' in fault ? fault.insteadServe : path);
    if (!files.exists(file) || path.endsWith('/')) {
      response.writeHead(404).end();
      return;
    }
    const { size } = statSync(file);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': size - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
    });
    if (request.method === 'HEAD' || size === from) response.end();
    // A file that cannot be read ends this answer, and not every world of the run.
    else send(file, from, fault, response).catch(() => response.destroy());
  };
  return { ...(await listen(createServer(answer))), requests };
}

async function send(file: string, from: number, fault: Fault | undefined, response: ServerResponse) {
  let sent = 0;
  const pause = fault && 'bytesPerSecond' in fault ? fault : null;
  for await (const part of createReadStream(file, { start: from, highWaterMark: 16 * 1024 })) {
    const bytes = part as Buffer;
    if (fault && 'cutAfterBytes' in fault && sent + bytes.length > fault.cutAfterBytes) {
      response.write(bytes.subarray(0, fault.cutAfterBytes - sent), () => response.socket?.resetAndDestroy());
      return;
    }
    if (response.destroyed) return;
    if (!response.write(bytes)) await drained(response);
    sent += bytes.length;
    if (pause)
      await new Promise(resolve => setTimeout(resolve, (bytes.length / pause.bytesPerSecond) * 1000));
  }
  response.end();
}

/** Until more can be written, or nobody listens any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
