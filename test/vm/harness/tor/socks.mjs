import { connect } from 'node:net';
import { argv, exit, stdin, stdout } from 'node:process';

/** ProxyCommand of ssh: a connection by SOCKS 5 (RFC 1928) that leaves the name to the server. Arguments: port of the server, host, port. */
const [, , socksPort, host, port] = argv;
const socket = connect(Number(socksPort), '127.0.0.1');
socket.on('error', () => exit(1));
socket.on('close', () => exit(0));
// No authentication.
socket.write(Buffer.from([5, 1, 0]));
let received = Buffer.alloc(0);
let isAsked = false;
socket.on('data', onData);

function onData(chunk) {
  received = Buffer.concat([received, chunk]);
  if (!isAsked && received.length >= 2) {
    received = received.subarray(2);
    isAsked = true;
    const end = Buffer.alloc(2);
    end.writeUInt16BE(Number(port));
    // CONNECT to a domain name.
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, host.length]), Buffer.from(host), end]));
  }
  // The answer has an IPv4 address.
  if (!isAsked || received.length < 10) return;
  if (received[1] !== 0) {
    console.error(`SOCKS: the server answers ${received[1]}`);
    exit(1);
  }
  socket.off('data', onData);
  stdout.write(received.subarray(10));
  socket.pipe(stdout);
  // Tor ends both directions at the end of one.
  stdin.pipe(socket, { end: false });
}
