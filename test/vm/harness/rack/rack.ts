import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../../../agent/host/clock.ts';
import * as files from '../../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../../image/lib/host.ts';
import { start, type Running } from '../machine/process.ts';
import {
  frontAddress,
  rackAddress,
  rackDirectory,
  rackInterface,
  readRackFiles,
  readReceiver,
} from './files.ts';

/**
 * A rack: dnsmasq, nginx and a receiver of reports with the files of docs/fleets/rack.md, in a network namespace of its own
 * (network_namespaces(7)), with a bridge that has as many sockets as machines (tap devices).
 */
export interface Rack {
  /** What nginx serves, and what TFTP does. */
  www: string;
  tftp: string;
  /** Runs a program in the rack's network. */
  within(argv: readonly [string, ...string[]]): [string, ...string[]];
  /** Names of the tap devices. */
  sockets: readonly string[];
  /** What nginx has sent so far. */
  sent(): Sent[];
  /** Events that the receiver has stored, one a line. */
  reports: string;
  /** What dnsmasq said. */
  leases(): string;
  close(): Promise<void>;
}

export interface Sent {
  /** Its own address, and the client's. */
  server: string;
  address: string;
  method: string;
  status: number;
  /** Headers included. */
  bytes: number;
  path: string;
}

/** @param directory kept by the caller; everything is in it */
export async function openRack(directory: string, machines: number): Promise<Rack> {
  await requireHostPackages({ '/usr/sbin/nginx': 'nginx-light', '/usr/sbin/dnsmasq': 'dnsmasq-base' });
  const running: Running[] = [];
  const close = async () => {
    for (const each of [...running].reverse()) {
      each.kill();
      await each.ended;
    }
  };
  try {
    // Its network lives as long as this program.
    const holder = await start(['unshare', '--net', 'sleep', 'infinity']);
    running.push(holder);
    const own = readlinkSync('/proc/self/ns/net');
    const isApart = () => Promise.resolve(readlinkSync(`/proc/${holder.pid}/ns/net`) === own ? null : true);
    if ((await poll(isApart, 10, 0.05)) === null) throw new Error('no network namespace was made');
    const within: Rack['within'] = argv => ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--', ...argv];
    const ip = (...words: string[]) =>
      run({ doing: 'building the network of the rack', argv: within(['ip', ...words]), timeoutSeconds: 20 });
    const sockets = Array.from({ length: machines }, (_, index) => `machine${index + 1}`);
    await ip('link', 'set', 'lo', 'up');
    await ip('link', 'add', rackInterface, 'type', 'bridge', 'forward_delay', '0');
    for (const address of [rackAddress, frontAddress])
      await ip('address', 'add', `${address}/24`, 'dev', rackInterface);
    await ip('link', 'set', rackInterface, 'up');
    for (const socket of sockets) {
      await ip('tuntap', 'add', 'dev', socket, 'mode', 'tap');
      await ip('link', 'set', socket, 'master', rackInterface, 'up');
    }
    const at = (name: string) => join(directory, name);
    const [www, tftp] = [at('srv/www'), at('srv/tftp')];
    for (const each of [www, tftp, at('nginx')]) files.makeDirectory(each);
    write(directory);
    running.push(await start(within(['nginx', '-p', at('nginx'), '-c', at('nginx.conf'), '-e', at('nginx.log')])));
    const lease = ['--dhcp-leasefile', '--pid-file'].map((name, index) => `${name}=${at(index === 0 ? 'leases' : 'dnsmasq.pid')}`);
    const dnsmasq: [string, ...string[]] = ['dnsmasq', '--keep-in-foreground', '--user=root', `--conf-file=${at('dnsmasq.conf')}`, ...lease, `--log-facility=${at('dnsmasq.log')}`];
    running.push(await start(within(dnsmasq)));
    const reports = at('reports.jsonl');
    files.write(reports, '');
    running.push(await start(within([process.execPath, at('receiver.mjs'), '8080', reports, at('permitted')])));
    await answers(within, running);
    return {
      ...{ www, tftp, within, sockets, reports, close },
      leases: () => files.readText(at('leases')),
      sent: () => readSent(files.readText(at('access.log'))),
    };
  } catch (error) {
    await close();
    throw error;
  }
} // prettier-ignore

/** The files as they stand in the document; only where they keep what they serve is another place. */
function write(directory: string): void {
  const { dnsmasq, nginx, front, script } = readRackFiles();
  const here = (text: string) => text.replaceAll(`${rackDirectory}/`, `${join(directory, rackDirectory)}/`);
  files.write(join(directory, 'dnsmasq.conf'), here(dnsmasq));
  files.write(join(directory, 'rack.conf'), here(nginx));
  files.write(join(directory, 'front.conf'), here(front));
  files.write(join(directory, 'srv/www/fleet.ipxe'), script);
  files.write(join(directory, 'receiver.mjs'), readReceiver());
  // What a distribution's own nginx.conf has around it; nginx.org, ngx_http_log_module.
  const main = `user root;
# One process: a worker would outlive a master that is killed.
master_process off;
daemon off;
pid ${directory}/nginx.pid;
events {}
http {
  sendfile on;
  log_format sent '$server_addr $remote_addr $request_method $status $bytes_sent $uri';
  access_log ${directory}/access.log sent;
  client_body_temp_path ${directory}/nginx/body;
  proxy_temp_path ${directory}/nginx/proxy;
  fastcgi_temp_path ${directory}/nginx/fastcgi;
  uwsgi_temp_path ${directory}/nginx/uwsgi;
  scgi_temp_path ${directory}/nginx/scgi;
  include ${directory}/rack.conf;
  include ${directory}/front.conf;
}
`;
  files.write(join(directory, 'nginx.conf'), main);
}

/** Waits until both servers answer, and says what one that ended said. */
async function answers(within: Rack['within'], running: readonly Running[]): Promise<void> {
  let [ended, said] = ['', ''];
  // It prints its port once it listens.
  running.at(-1)!.output.on('data', (text: Buffer) => (said += text.toString()));
  for (const each of running) void each.ended.then(({ exitCode }) => (ended ||= `exit code ${exitCode}: ${each.errors()}`));
  const ask = async () => {
    if (ended !== '') throw new Error(`a server of the rack ended: ${ended}`);
    const argv = within(['busybox', 'wget', '-q', '-O', '-', `http://${rackAddress}/fleet.ipxe`]);
    try {
      await run({ doing: 'asking nginx', argv, timeoutSeconds: 5 });
      return said.includes('port') ? true : null;
    } catch {
      return null;
    }
  };
  if ((await poll(ask, 30, 0.3)) === null) throw new Error('the servers of the rack do not answer');
} // prettier-ignore

/** @param text lines "SERVER ADDRESS METHOD STATUS BYTES PATH" */
export function readSent(text: string): Sent[] {
  return [...text.matchAll(/^(\S+) (\S+) (\S+) (\d{3}) (\d+) (\S+)$/gm)].map(
    ([, server = '', address = '', method = '', status, bytes, path = '']) => ({
      ...{ server, address, method, path },
      status: Number(status),
      bytes: Number(bytes),
    }),
  );
}
