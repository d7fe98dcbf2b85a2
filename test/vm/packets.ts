import { connect, type Socket } from 'node:net';
import { poll } from '../../agent/host/clock.ts';

/**
 * A firewall between a guest and QEMU's user network, for networks that slirp cannot be told to be: one without DHCP.
 *
 * QEMU's filter-redirector sends each packet as a 4-byte big-endian length and the Ethernet frame (qemu, net/filter-mirror.c).
 */

/** True for frames that are not to reach the network. */
export type PacketRule = (frame: Buffer) => boolean;

export interface PacketFilter {
  dropped(): number;
  close(): void;
}

export async function filterPackets(
  sockets: { outSocket: string; inSocket: string },
  drop: PacketRule,
): Promise<PacketFilter> {
  const [from, to] = [await connectTo(sockets.outSocket), await connectTo(sockets.inSocket)];
  let pending = Buffer.alloc(0);
  let dropped = 0;
  from.on('data', bytes => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0);
      if (drop(pending.subarray(4, end))) dropped += 1;
      else to.write(Buffer.from(pending.subarray(0, end)));
      pending = pending.subarray(end);
    }
  });
  for (const socket of [from, to]) socket.on('error', () => {});
  return {
    dropped: () => dropped,
    close: () => {
      from.destroy();
      to.destroy();
    },
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

/** DHCPv4 requests: Ethernet type 0x0800, protocol UDP, destination port 67 (RFC 2131, 4.1). */
export const isDhcpRequest: PacketRule = frame => {
  if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) return false;
  const headerBytes = (frame[14]! & 0x0f) * 4;
  return frame.length >= 14 + headerBytes + 4 && frame.readUInt16BE(14 + headerBytes + 2) === 67;
};

/** IPv6 of any kind (Ethernet type 0x86dd): a network that knows only IPv4. */
export const isIPv6: PacketRule = frame => frame.length >= 14 && frame.readUInt16BE(12) === 0x86dd;
