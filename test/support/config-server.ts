import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { listen } from '../vm/harness/serve.ts';

/** A real HTTP server that serves configurations, well and badly. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

export const json =
  (value: unknown): Answer =>
  response =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
export const bytes =
  (body: string | Buffer, type = 'application/octet-stream'): Answer =>
  response =>
    response.writeHead(200, { 'content-type': type }).end(body);
export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  response =>
    response.writeHead(code, headers).end(body);
/** The connection ends with RST (tcp(7), SO_LINGER). */
export const reset: Answer = response => response.socket?.resetAndDestroy();
/** A byte, again and again; never an end. */
export const drip: Answer = response => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => clearInterval(timer));
};
/** As much as the client takes. */
export const endless: Answer = response => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const part = Buffer.alloc(64 * 1024, ' ');
  const more = () => {
    while (!response.destroyed && response.write(part));
  };
  response.on('drain', more);
  more();
};

export interface ConfigServer {
  /** "http://127.0.0.1:PORT" */
  origin: string;
  /** "/path authorization", in order. */
  asked: string[];
  handle: RequestListener;
}

/** @param answers path with query -> answers in order, the last one again and again; 404 for any other path */
export async function serveConfigs(
  t: Test,
  answers: Readonly<Record<string, readonly Answer[]>>,
): Promise<ConfigServer> {
  const asked: string[] = [];
  const counts = new Map<string, number>();
  const handle: RequestListener = (request, response) => {
    const path = request.url ?? '/';
    asked.push([path, request.headers.authorization].filter(Boolean).join(' '));
    const those = answers[path] ?? [status(404)];
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    those[Math.min(count, those.length - 1)]!(response, request);
  };
  const { port, close } = await listen(createServer(handle));
  t.teardown(close);
  return { origin: `http://127.0.0.1:${port}`, asked, handle };
}
