import { connect } from 'node:net';
import { encodeCall, takeMessage, type Answer, type Call, type Value } from '../bus/wire.ts';

/** The only door to the message bus of the system. */

/** Of the specification; iwd looks there, too. */
export const busSocket = '/run/dbus/system_bus_socket';

export type BusReply = { values: readonly Value[] } | { error: string; text: string };

/** Errors that no other end reports; names of the specification. */
const errors = {
  silent: 'org.freedesktop.DBus.Error.NoReply',
  gone: 'org.freedesktop.DBus.Error.Disconnected',
} as const;

/**
 * Calls a method, over a connection of its own: authenticates as this user (EXTERNAL), says Hello, calls. Never throws.
 * @returns the values of the answer; or the name of an error, also where there is no bus or no answer in time
 */
export async function callBus(call: Call, seconds: number, socketPath = busSocket): Promise<BusReply> {
  return new Promise(resolve => {
    const socket = connect(socketPath);
    let received = Buffer.alloc(0);
    let isOpen = false;
    const settle = (reply: BusReply) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(() => {
      settle({ error: errors.silent, text: `no answer within ${seconds} s` });
    }, seconds * 1000);
    socket.on('error', ({ message }) => settle({ error: errors.gone, text: message }));
    socket.on('close', () => settle({ error: errors.gone, text: 'the connection was closed' }));
    socket.on('connect', () => {
      const user = Buffer.from(String(process.getuid!())).toString('hex');
      socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    });
    const authenticated = () => {
      const end = received.indexOf('\r\n');
      if (end < 0) return;
      const line = received.toString('latin1', 0, end);
      if (!line.startsWith('OK ')) {
        settle({ error: errors.gone, text: `the bus refuses: ${line}` });
        return;
      }
      received = received.subarray(end + 2);
      isOpen = true;
      socket.write(Buffer.concat([Buffer.from('BEGIN\r\n'), encodeCall(hello, 1), encodeCall(call, 2)]));
    };
    const take = (answer: Answer) => {
      if ('error' in answer) settle({ error: answer.error, text: answer.text });
      else if (answer.serial === 2) settle({ values: answer.values });
    };
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      try {
        if (!isOpen) authenticated();
        for (let next = isOpen ? takeMessage(received) : null; next !== null; next = takeMessage(received)) {
          received = Buffer.from(next.rest);
          if (next.answer !== null) take(next.answer);
        }
      } catch (thrown) {
        settle({ error: errors.gone, text: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    });
  });
}

const hello: Call = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
};
