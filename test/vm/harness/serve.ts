import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';

/** Files over HTTP on loopback; a guest on slirp reaches them at 10.0.N.2. */
export interface FileServer {
  port: number;
  /** Paths asked for, in order. */
  requests: readonly string[];
  /** "http://10.0.2.2:PORT/name" */
  urlFor(name: string): string;
  close(): Promise<void>;
}

/** @param served name in the URL, without a slash -> file on this machine */
export async function serveFiles(served: Readonly<Record<string, string>>): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    requests.push(path);
    const file = served[path.slice(1)];
    // One that is gone ends this answer, and not every world of the run.
    const size = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
    if (file === undefined || size === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
    });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
  });
  return { ...(await listen(server)), requests };
}

/** On a port of loopback that the kernel chooses. */
export async function listen(server: Server): Promise<Omit<FileServer, 'requests'>> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    urlFor: name => `http://10.0.2.2:${port}/${name}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
