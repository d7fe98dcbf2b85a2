import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { poll } from '../../../../agent/host/clock.ts';

/** QEMU's machine protocol: one JSON object a line, a greeting first (docs/interop/qmp-spec of QEMU). */
export interface Qmp {
  /** Sends a command and gives its `return` value; fails with QEMU's own description, or after 10 s. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown>;
  close(): void;
}

interface Reply {
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
}

export async function connectQmp(path: string): Promise<Qmp> {
  const socket = await poll(() => tryConnect(path), 10, 0.05);
  if (socket === null) throw new Error(`QEMU's control socket ${path} does not answer`);
  const gone = () => new Error('QEMU closed its control socket');
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  const close = () => {
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(gone());
  };
  socket.on('close', close).on('error', close);
  // The interface repeats errors of its input (Node's lib/internal/readline/interface.js), and one without a listener ends the process.
  const lines = createInterface({ input: socket }).on('error', close);
  lines.on('line', line => {
    const reply = parse(line);
    if (reply === null) close();
    else if (reply.error) waiting.shift()?.reject(new Error(`QEMU: ${reply.error.desc}`));
    else if ('return' in reply) waiting.shift()?.resolve(reply.return);
    // The greeting and events answer nothing.
  });
  const execute = (command: string, args?: Record<string, unknown>) =>
    new Promise<unknown>((resolve, reject) => {
      if (socket.destroyed) return reject(gone());
      const limit = setTimeout(() => reject(new Error(`QEMU did not answer ${command} within 10 s`)), 10_000);
      limit.unref();
      waiting.push({
        resolve: value => {
          clearTimeout(limit);
          resolve(value);
        },
        reject: error => {
          clearTimeout(limit);
          reject(error);
        },
      });
      socket.write(JSON.stringify({ execute: command, arguments: args }) + '\n');
    });
  await execute('qmp_capabilities');
  return { execute, close };
}

/** Null for a line that QEMU did not write to its end. */
function parse(line: string): Reply | null {
  try {
    return JSON.parse(line) as Reply;
  } catch {
    return null;
  }
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}
