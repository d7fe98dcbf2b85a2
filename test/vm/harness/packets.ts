import { connect, type Socket } from 'node:net';
import { poll } from '../../../agent/host/clock.ts';

/**
 * What lies between a guest and QEMU's user network, for networks that slirp cannot be told to be: one without DHCP, the
 * tagged port of a switch.
 *
 * QEMU's filter-redirector sends each packet as a 4-byte big-endian length and the Ethernet frame (qemu, net/filter-mirror.c).
 */

/** What becomes of a frame; null: it goes no further. */
export type FrameRule = (frame: Buffer) => Buffer | null;

export interface Wire {
  fromGuest: FrameRule;
  toGuest?: FrameRule;
}

/** The two ends of one direction: QEMU writes into the first, and reads from the second. */
export interface Redirection {
  outSocket: string;
  inSocket: string;
}

/** Applies a rule to every frame until the returned function is called. */
export async function redirect({ outSocket, inSocket }: Redirection, rule: FrameRule): Promise<() => void> {
  const [from, to] = [await connectTo(outSocket), await connectTo(inSocket)];
  let pending = Buffer.alloc(0);
  from.on('data', bytes => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0);
      const frame = rule(Buffer.from(pending.subarray(4, end)));
      if (frame !== null) {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(frame.length);
        to.write(Buffer.concat([length, frame]));
      }
      pending = pending.subarray(end);
    }
  });
  for (const socket of [from, to]) socket.on('error', () => {});
  return () => {
    from.destroy();
    to.destroy();
  };
}

async function connectTo(path: string): Promise<Socket> {
  const attempt = (): Promise<Socket | null> =>
    new Promise(resolve => {
      const socket = connect(path);
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => resolve(null));
    });
  const socket = await poll(attempt, 10, 0.05);
  if (socket === null) throw new Error(`QEMU's packet socket ${path} does not answer`);
  return socket;
}

/** A firewall behind the guest. */
export function dropping(unwanted: (frame: Buffer) => boolean): Wire {
  return { fromGuest: frame => (unwanted(frame) ? null : frame) };
}

/**
 * The port of a switch on which a VLAN is tagged, and nothing else passes (IEEE 802.1Q: after the two addresses, type
 * 0x8100 and 16 bits of which the last 12 are the VLAN).
 */
export function taggedPort(vlan: number): Wire {
  const tag = Buffer.from([0x81, 0x00, vlan >> 8, vlan & 0xff]);
  return {
    fromGuest: frame => {
      const isTagged = frame.length >= 18 && frame.readUInt16BE(12) === 0x8100;
      if (!isTagged || (frame.readUInt16BE(14) & 0xfff) !== vlan) return null;
      return Buffer.concat([frame.subarray(0, 12), frame.subarray(16)]);
    },
    toGuest: frame => Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]),
  };
}

/** DHCPv4 requests: Ethernet type 0x0800, protocol UDP, destination port 67 (RFC 2131, 4.1). */
export const isDhcpRequest = (frame: Buffer): boolean => {
  if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) return false;
  const headerBytes = (frame[14]! & 0x0f) * 4;
  return frame.length >= 14 + headerBytes + 4 && frame.readUInt16BE(14 + headerBytes + 2) === 67;
};

/** IPv6 of any kind (Ethernet type 0x86dd): a network that knows only IPv4. */
export const isIPv6 = (frame: Buffer): boolean => frame.length >= 14 && frame.readUInt16BE(12) === 0x86dd;
