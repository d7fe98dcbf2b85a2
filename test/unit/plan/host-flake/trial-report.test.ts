import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { run, shells, type Kind } from '../../../support/rescue/trial-program.ts';

/** nix/host-flake/trial-wait.sh with curl(1) itself, and a receiver of reports in another process, since `run` waits for the program. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/bin/unshare': 'util-linux', '/usr/bin/curl': 'curl' }); // prettier-ignore

const receiver = `
const statuses = process.argv.slice(1).map(Number);
require('node:http').createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => {
    const { method, headers } = request;
    console.log(JSON.stringify({ method, headers, body: Buffer.concat(parts).toString() }));
    response.writeHead(statuses.length > 1 ? statuses.shift() : statuses[0], { location: '/elsewhere' }).end();
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

interface Received {
  method: string;
  headers: Record<string, string>;
  body: string;
}

async function start(statuses: readonly number[]) {
  const child = spawn(process.execPath, ['-e', receiver, ...statuses.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  while (!told.includes('\n')) await once(child.stdout, 'data');
  const [port = ''] = told.split('\n');
  return {
    port,
    /** What it received, once it has ended. */
    end: async (): Promise<Received[]> => {
      child.kill();
      if (!child.stdout.readableEnded) await once(child.stdout, 'end');
      return told
        .trim()
        .split('\n')
        .slice(1)
        .map(line => JSON.parse(line) as Received);
    },
  };
}

const path = 'var/lib/dabei/trial-report';
const esp = {
  'dabei/trial': 'started\n',
  'loader/loader.conf': 'default nix-dabei.conf\n#dabei default nixos-aa.conf\n',
};
const rows: [name: string, statuses: number[] | null, said: RegExp, isOver: boolean, count: number][] = [
  ['it answers', [204], /^confirmed: the receiver of reports has answered$/, true, 1],
  ['it answers at last', [503, 503, 200], /^the receiver of reports answers 503\nconfirmed: the receiver/, true, 3],
  ['a redirection is no answer', [302], /^the receiver of reports answers 302\nnobody has logged in within 30 minutes: restarting/, false, 4],
  ['nobody listens', null, /^the receiver of reports cannot be reached\nnobody has logged in/, false, 0],
]; // prettier-ignore

for (const kind of Object.keys(shells) as Kind[]) {
  for (const [name, statuses, said, isOver, count] of rows) {
    t.test(`${kind}: ${name}`, async t => {
      const server = statuses === null ? null : await start(statuses);
      const found = run(t.testdir(), kind, {
        action: 'system',
        asks: false,
        confirm: 'report',
        esps: [esp],
        files: {
          [path]: `url = "http://127.0.0.1:${server?.port ?? 9}/events?a=[b]"\nheader = "content-type: application/json"\nheader = "authorization: Bearer a\\\\b"\n`,
          [`${path}.json`]: '{"name":"dabei/trial","result":"SUCCESS"}\n',
        },
        // A gateway and sshd that answer are not enough where there is a receiver. Each round is slow, so there are few.
        happens:
          ': >$TRIAL_ROOT/listens; : >$TRIAL_ROOT/gateway; [ $up -lt 300 ] || echo "1900.00 0" >$TRIAL_ROOT/proc/uptime',
      });
      const received = (await server?.end()) ?? [];
      t.match(found.said, said);
      t.same(found.states, [isOver ? null : 'started']);
      t.equal(found.text(path) === null, isOver, 'the token goes with the trial');
      t.equal(found.text(`${path}.json`) === null, isOver);
      t.equal(received.length, count, 'events');
      for (const { method, headers, body } of received) {
        t.same([method, headers['content-type'], headers['authorization']], ['POST', 'application/json', 'Bearer a\\b']); // prettier-ignore
        const { timestamp, ...event } = JSON.parse(body) as { timestamp: number };
        t.ok(Math.abs(timestamp - Date.now() / 1000) < 120);
        t.same(event, { name: 'dabei/trial', result: 'SUCCESS' });
      }
    });
  }

  t.test(`${kind}: a trial that ended elsewhere leaves its token`, async t => {
    const found = run(t.testdir(), kind, {
      action: 'system',
      by: 'hand',
      confirm: 'report',
      esps: [{ 'loader/loader.conf': 'default nixos-aa.conf\n' }],
      files: { [path]: 'url = "http://127.0.0.1:9/"\n' },
    });
    t.same([found.status, found.said, found.text(path)], [0, '', null]);
  });
}
