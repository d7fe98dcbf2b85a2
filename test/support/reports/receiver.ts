import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { Test } from 'tap';
import { listen } from '../../vm/harness/serve.ts';
import type { Answer } from '../config-server.ts';

/** A real receiver of reports. */
export interface Receiver {
  /** "http://127.0.0.1:PORT/events" */
  url: string;
  /** JSON objects that arrived, in order, whatever was answered. */
  received: Record<string, unknown>[];
  headers: IncomingHttpHeaders[];
  handle: RequestListener;
}

/** @param answers in order, the last one again and again */
export async function receiveReports(t: Test, answers: readonly Answer[] = [accept]): Promise<Receiver> {
  const received: Record<string, unknown>[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const handle: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      headers.push(request.headers);
      received.push(JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>);
      answers[Math.min(received.length, answers.length) - 1]!(response, request);
    });
  };
  const { port, close } = await listen(createServer(handle));
  t.teardown(close);
  return { url: `http://127.0.0.1:${port}/events`, received, headers, handle };
}

export const accept: Answer = response => response.writeHead(204).end();
/** It takes what is sent, and never answers. */
export const hang: Answer = () => {};
