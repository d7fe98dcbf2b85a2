import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** A machine of EC2: recognised by its firmware, its metadata (version 2, with tokens) at a link-local address. */

interface Row {
  name: string;
  about: string;
  parameters: readonly string[];
  /** The last stage. */
  stage: string;
  plans: boolean;
}

const rows: Row[] = [
  {
    name: 'identity',
    about: 'metadata gives host name and keys; a configuration in the user-data does not install by itself',
    parameters: [],
    stage: 'rescue',
    plans: false,
  },
  {
    name: 'install',
    about: 'with dabei.metadata=install, the configuration in the user-data is planned',
    parameters: ['dabei.metadata=install', 'dabei.mode=plan'],
    stage: 'plan',
    plans: true,
  },
];

const userData: ConfigInput = { hostName: 'user-data', disks: { devices: ['only'], encryption: 'none' } };

function answers(site: Site): Readonly<Record<string, string>> {
  return {
    '/latest/meta-data/hostname': 'ip-10-0-0-12.ec2.internal',
    '/latest/meta-data/public-keys/': '0=laptop',
    '/latest/meta-data/public-keys/0/openssh-key': `${site.keys.user.public}\n`,
    '/latest/user-data': JSON.stringify(userData),
  };
}

async function startOnEc2(site: Site, row: Row): Promise<void> {
  await requireHostPackages({ '/usr/bin/busybox': 'busybox-static' });
  const asked: string[] = [];
  const known = answers(site);
  const server = await listen(
    createServer((request, response) => {
      const { method, url = '', headers } = request;
      asked.push(`${method} ${url}`);
      const isToken = method === 'PUT' && url === '/latest/api/token';
      if (isToken) response.end('AQAEALc1');
      else if (headers['x-aws-ec2-metadata-token'] !== 'AQAEALc1') response.writeHead(401).end();
      else if (known[url] === undefined) response.writeHead(404).end();
      else response.end(known[url]);
    }),
  );
  try {
    const disk = site.disk('target', 3072);
    fillWithForeignBytes(disk.file);
    const before = await hashDisk(disk.file);
    const machine = await site.startImage({
      name: row.name,
      memoryMiB: 512,
      disks: [disk],
      system: { vendor: 'Amazon EC2' },
      network: { metadataPort: server.port },
      appended: [
        { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] } }) },
      ],
      parameters: row.parameters,
      limitSeconds: 200,
    });
    await stageDone(machine, row.stage, 150);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    assert.equal(asked[0], 'PUT /latest/api/token');
    assert.deepEqual([...new Set(asked.slice(1))], Object.keys(known).map(path => `GET ${path}`)); // prettier-ignore
    assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'user-data');
    if (row.plans) {
      const plan = await ssh.run('dabei plan', { seconds: 90 });
      assert.match(plan, /^ {2}EC2 metadata, user-data: disks, hostName$/m);
      assert.match(plan, /^ {2}EC2 metadata: rootAuthorizedKeys$/m);
      assert.match(plan, /zpool create/);
    } else assert.match(machine.console.text, /only dabei\.metadata=install/);
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
  } finally {
    await server.close();
  }
}

export const metadataWorlds: World[] = rows.map(row => ({
  name: `metadata-${row.name}`,
  about: row.about,
  limitSeconds: 300,
  script: (site: Site) => startOnEc2(site, row),
}));
