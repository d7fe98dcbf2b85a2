import { connect } from 'node:net';

/** The only door to TCP connections that are not HTTP. */

/**
 * The first line that a server sends, without its line end; null if no server listens, or if the line does not arrive in time. An SSH
 * server speaks first, with at most 255 characters per line (RFC 4253, 4.2).
 */
export function readBanner(host: string, port: number, seconds: number): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect({ host, port });
    let text = '';
    const settle = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(seconds * 1000, () => settle(null));
    socket.setEncoding('latin1');
    socket.on('error', () => settle(null));
    socket.on('close', () => settle(null));
    socket.on('data', (data: string) => {
      text += data;
      const [line, rest] = text.split(/\r?\n/, 2);
      if (rest !== undefined || text.length > 255) settle(line ?? null);
    });
  });
}
