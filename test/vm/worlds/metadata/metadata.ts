import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { System } from '../../harness/machine/system.ts';
import type { World } from '../../world.ts';

/** Machines of providers: recognised by their firmware, their metadata at a link-local address. */

interface Provider {
  system: System;
  /** As `dabei plan` names it. */
  name: string;
  answers: (site: Site) => Readonly<Record<string, string>>;
  /** A header without which it refuses. */
  header?: readonly [name: string, value: string];
  /** It gives out the value of that header (EC2, version 2). */
  token?: string;
  /** What comes from it beside the keys. */
  gives: string;
}

const userData: ConfigInput = { hostName: 'user-data', disks: { devices: ['only'], encryption: 'none' } };
const mac = '52:54:00:12:34:56';

const ec2: Provider = {
  system: { vendor: 'Amazon EC2' },
  name: 'EC2 metadata',
  header: ['x-aws-ec2-metadata-token', 'AQAEALc1'],
  token: '/latest/api/token',
  answers: site => ({
    '/latest/meta-data/hostname': 'ip-10-0-0-12.ec2.internal',
    '/latest/meta-data/public-keys/': '0=laptop',
    '/latest/meta-data/public-keys/0/openssh-key': `${site.keys.user.public}\n`,
    '/latest/user-data': JSON.stringify(userData),
  }),
  gives: 'rootAuthorizedKeys',
};

const gce: Provider = {
  system: { vendor: 'Google', product: 'Google Compute Engine' },
  name: 'GCE metadata',
  header: ['metadata-flavor', 'Google'],
  answers: site => ({
    '/computeMetadata/v1/instance/hostname': 'gce.c.project.internal',
    '/computeMetadata/v1/instance/attributes/ssh-keys': `me:${site.keys.user.public}`,
    '/computeMetadata/v1/instance/attributes/user-data': JSON.stringify(userData),
  }),
  gives: 'rootAuthorizedKeys',
};

const hetzner: Provider = {
  system: { vendor: 'Hetzner' },
  name: 'Hetzner metadata',
  answers: site => ({
    '/hetzner/v1/metadata': `hostname: cx22
public-keys:
  - ${site.keys.user.public}
network-config:
  version: 1
  config:
    - type: physical
      name: eth0
      mac_address: '${mac}'
      subnets:
        - {type: static, address: 169.254.169.15/24, gateway: 169.254.169.2}
`,
    '/hetzner/v1/userdata': JSON.stringify(userData),
  }),
  gives: 'network, rootAuthorizedKeys',
};

const digitalOcean: Provider = {
  system: { vendor: 'DigitalOcean' },
  name: 'DigitalOcean metadata',
  answers: site => ({
    '/metadata/v1.json': JSON.stringify({
      hostname: 'droplet',
      public_keys: [site.keys.user.public],
      user_data: JSON.stringify(userData),
      interfaces: {
        public: [
          {
            mac,
            type: 'public',
            ipv4: { ip_address: '169.254.169.15', netmask: '255.255.255.0', gateway: '169.254.169.2' },
          },
        ],
      },
      dns: { nameservers: ['169.254.169.3'] },
    }),
  }),
  gives: 'network, rootAuthorizedKeys',
};

interface Row {
  name: string;
  about: string;
  provider: Provider;
  parameters: readonly string[];
  /** The last stage. */
  stage: string;
  plans: boolean;
}

const identity = {
  about: 'metadata gives host name and keys; a configuration in the user-data does not install by itself',
  ...{ parameters: [], stage: 'rescue', plans: false },
};
const install = {
  about: 'with dabei.metadata=install, the configuration in the user-data is planned',
  ...{ parameters: ['dabei.metadata=install', 'dabei.mode=plan'], stage: 'plan', plans: true },
};

const rows: Row[] = [
  { name: 'identity', provider: ec2, ...identity },
  { name: 'install', provider: ec2, ...install },
  { name: 'gce', provider: gce, ...install, about: 'GCE, recognised by its product: the same' },
  { name: 'hetzner', provider: hetzner, ...install, about: 'Hetzner: YAML, and a network of its own' },
  {
    name: 'digitalocean',
    provider: digitalOcean,
    ...identity,
    about: 'DigitalOcean: one answer, static address',
  },
];

async function startAt(site: Site, row: Row): Promise<void> {
  await requireHostPackages({ '/usr/bin/busybox': 'busybox-static' });
  const asked: string[] = [];
  const { provider } = row;
  const known = provider.answers(site);
  const [header = '', value] = provider.header ?? [];
  const server = await listen(
    createServer((request, response) => {
      const { method, url = '', headers } = request;
      asked.push(`${method} ${url}`);
      if (method === 'PUT' && url === provider.token) response.end(value);
      else if (headers[header] !== value) response.writeHead(401).end();
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
      system: provider.system,
      network: { metadataPort: server.port, mac },
      appended: [
        { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] } }) },
      ],
      parameters: row.parameters,
      limitSeconds: 200,
    });
    await stageDone(machine, row.stage, 150);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    if (provider.token !== undefined) assert.equal(asked.shift(), `PUT ${provider.token}`);
    const missed = Object.keys(known).filter(path => !asked.includes(`GET ${path}`));
    assert.deepEqual(missed, [], 'all that it knows was asked for');
    assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'user-data');
    if (row.plans) {
      const plan = await ssh.run('dabei plan', { seconds: 90 });
      const lines = plan.split('\n').map(line => line.trim());
      assert.ok(lines.includes(`${provider.name}, user-data: disks, hostName`), plan);
      assert.ok(lines.includes(`${provider.name}: ${provider.gives}`), plan);
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
  script: (site: Site) => startAt(site, row),
}));
