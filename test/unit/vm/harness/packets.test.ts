import t from 'tap';
import { dropping, isDhcpRequest, isIPv6, taggedPort } from '../../../vm/harness/packets.ts';

/** An Ethernet frame with an IPv4 header of the given length and the start of a UDP or TCP header. */
function frame(
  destinationPort: number,
  { etherType = 0x0800, protocol = 17, ipHeaderBytes = 20 } = {},
): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt16BE(etherType, 12);
  bytes[14] = 0x40 | (ipHeaderBytes / 4);
  bytes[23] = protocol;
  bytes.writeUInt16BE(68, 14 + ipHeaderBytes);
  bytes.writeUInt16BE(destinationPort, 14 + ipHeaderBytes + 2);
  return bytes;
}

t.test('DHCP requests', async t => {
  const rows: [what: string, frame: Buffer, is: boolean][] = [
    ['UDP to port 67', frame(67), true],
    ['with IP options', frame(67, { ipHeaderBytes: 24 }), true],
    ['UDP to port 53', frame(53), false],
    ['TCP to port 67', frame(67, { protocol: 6 }), false],
    ['ARP', frame(67, { etherType: 0x0806 }), false],
    ['IPv6', frame(67, { etherType: 0x86dd }), false],
    ['cut off', frame(67).subarray(0, 30), false],
  ];
  for (const [what, bytes, is] of rows) t.equal(isDhcpRequest(bytes), is, what);
});

t.test('IPv6', async t => {
  t.equal(isIPv6(frame(0, { etherType: 0x86dd })), true);
  t.equal(isIPv6(frame(0)), false);
  t.equal(isIPv6(Buffer.alloc(3)), false);
});

t.test('a firewall', async t => {
  const { fromGuest } = dropping(isDhcpRequest);
  t.equal(fromGuest(frame(67)), null);
  const passes = frame(53);
  t.equal(fromGuest(passes), passes);
});

t.test('a tagged port', async t => {
  const { fromGuest, toGuest } = taggedPort(0x123);
  const plain = frame(53);
  const tagged = toGuest!(plain)!;
  t.equal(tagged.subarray(12, 16).toString('hex'), '81000123');
  t.same(fromGuest(tagged), plain, 'the tag is taken off');
  t.equal(fromGuest(plain), null, 'without a tag nothing passes');
  t.equal(taggedPort(0x124).fromGuest(tagged), null, 'another VLAN');
});
