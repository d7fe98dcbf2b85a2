import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../../../agent/host/clock.ts';
import { run } from '../../../../agent/host/exec.ts';
import * as files from '../../../../image/lib/files.ts';
import { checkout, requireHostPackages } from '../../../../image/lib/host.ts';
import { start, type Running } from '../machine/process.ts';
import { timeScale } from '../time-scale.ts';
import { authorityLine, clientLines, nodeLines, type Node } from './torrc.ts';

/**
 * A private Tor network of a few processes of Debian's Tor, on addresses of its own in a network namespace (network_namespaces(7)): none of
 * them can reach anybody else. QEMU is started there, too, so its guest reaches these addresses by QEMU's user networking.
 */
export interface TorNetwork {
  /** Runs a program in that network. */
  within(argv: readonly string[]): [string, ...string[]];
  /** Lines of torrc by which another Tor is a client of this network. */
  clientLines: string;
  /** A program for ssh's ProxyCommand, which leads to any address by a client of this network. */
  proxyCommand: string;
  /** A server that tells the time. */
  timeUrl: string;
  close(): Promise<void>;
}

const authorities = 3;
const relays = 5;
/** Of one client, beside the relays. */
const socksPort = 9050;
const timePort = 8080;

const addressOf = (index: number): string => `198.51.100.${index + 1}`;
const nodes: readonly Node[] = Array.from({ length: authorities + relays }, (_, index) => ({
  name: `node${index + 1}`,
  address: addressOf(index),
  isAuthority: index < authorities,
}));

/** @param directory kept by the caller; everything is in it */
export async function openTorNetwork(directory: string): Promise<TorNetwork> {
  await requireHostPackages({ '/usr/bin/tor-gencert': 'tor' });
  const running: Running[] = [];
  const close = async () => {
    for (const each of [...running].reverse()) {
      each.kill();
      await each.ended;
    }
  };
  try {
    const within = await openNamespace(running);
    const lines = await makeAuthorities(directory);
    for (const node of nodes) {
      const own = join(directory, node.name);
      files.makeDirectory(own);
      files.write(join(own, 'torrc'), nodeLines(node, own, lines));
      running.push(await start(within(['tor', '-f', join(own, 'torrc')])));
    }
    const client = join(directory, 'client');
    files.makeDirectory(client);
    files.write(
      join(client, 'torrc'),
      `${clientLines(lines)}SocksPort 127.0.0.1:${socksPort}\nDataDirectory ${client}\nLog notice file ${client}/log\n`,
    );
    running.push(await start(within(['tor', '-f', join(client, 'torrc')])));
    const server = `require('http').createServer((_, answer) => answer.end()).listen(${timePort}, '127.0.0.1')`;
    running.push(await start(within([process.execPath, '-e', server])));
    await isUp(join(client, 'log'), running);
    return {
      ...{ within, close, clientLines: clientLines(lines) },
      proxyCommand: `${process.execPath} ${checkout('test/vm/harness/tor/socks.mjs')} ${socksPort} %h %p`,
      timeUrl: `http://10.0.2.2:${timePort}/`,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The network lives as long as a program in it. */
async function openNamespace(running: Running[]): Promise<TorNetwork['within']> {
  const holder = await start(['unshare', '--net', 'sleep', 'infinity']);
  running.push(holder);
  const own = readlinkSync('/proc/self/ns/net');
  const isApart = () => Promise.resolve(readlinkSync(`/proc/${holder.pid}/ns/net`) === own ? null : true);
  if ((await poll(isApart, 10, 0.05)) === null) throw new Error('no network namespace was made');
  const within: TorNetwork['within'] = argv => [
    ...(['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'] as const),
    ...argv,
  ];
  const ip = (...words: string[]) =>
    run({ doing: 'building the network of Tor', argv: within(['ip', ...words]), timeoutSeconds: 20 });
  await ip('link', 'set', 'lo', 'up');
  for (const { address } of nodes) await ip('address', 'add', `${address}/32`, 'dev', 'lo');
  return within;
}

/** Makes the keys of the authorities. @returns the lines that name them */
async function makeAuthorities(directory: string): Promise<string> {
  const lines: string[] = [];
  for (const node of nodes.filter(({ isAuthority }) => isAuthority)) {
    const own = join(directory, node.name);
    const keys = join(own, 'keys');
    files.makeDirectory(keys);
    await run({
      doing: `making the keys of ${node.name}`,
      argv: [
        'tor-gencert',
        '--create-identity-key',
        '-m',
        '12',
        '-a',
        `${node.address}:7000`,
        '--passphrase-fd',
        '0',
      ],
      stdin: 'passphrase\n',
      cwd: keys,
      timeoutSeconds: 120,
    });
    const certificate = files.readText(join(keys, 'authority_certificate'));
    const [, identity = ''] = /^fingerprint ([0-9A-F]{40})$/m.exec(certificate) ?? [];
    files.write(join(own, 'torrc'), nodeLines(node, own, ''));
    const { stdout } = await run({
      doing: `reading the fingerprint of ${node.name}`,
      // It wants one authority, at least; the line is replaced.
      argv: [
        'tor',
        '-f',
        join(own, 'torrc'),
        '--list-fingerprint',
        '--quiet',
        '--DirAuthority',
        `x ${node.address}:7000 ${'F'.repeat(40)}`,
      ],
      timeoutSeconds: 60,
    });
    const [, fingerprint = ''] = /^node\d+ ([0-9A-F ]+)$/m.exec(stdout) ?? [];
    lines.push(authorityLine(node, identity, fingerprint.replaceAll(' ', '')));
  }
  return lines.join('');
}

/** Waits until the client has a way through the network. */
async function isUp(log: string, running: readonly Running[]): Promise<void> {
  const look = async () => {
    const text = files.readIfThere(log) ?? '';
    return text.includes('Bootstrapped 100%') ? text : null;
  };
  if ((await poll(look, 120 * timeScale, 1)) !== null) return;
  const said = running.map(each => each.errors().trim()).filter(Boolean).join('\n');
  throw new Error(`the network of Tor does not come up: ${(files.readIfThere(log) ?? '').slice(-1500)}\n${said}`);
} // prettier-ignore
