import t from 'tap';
import { configSchema, type ConfigInput } from '../../../agent/config/schema.ts';
import { DabeiError, reasonsOf } from '../../../agent/errors.ts';
import type { Disk, Facts } from '../../../agent/facts.ts';
import type { Closure } from '../../../agent/plan/nix/closure.ts';
import { leastMemTotalBytes } from '../../../agent/limits.ts';
import { makePlan, plannedStages, renderPlan } from '../../../agent/plan/plan.ts';
import { Secret } from '../../../agent/secret.ts';
import { GiB, content, disk, facts } from '../../fixtures/disks.ts';

const passphrase = 'correct horse battery';
const hostKey =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n';

function plan(
  disks: Disk[],
  input: Partial<ConfigInput> = {},
  overrides: Partial<Facts> = {},
  closure?: Closure,
) {
  const config = configSchema.parse({
    hostName: 'web-01',
    disks: { devices: ['/dev/vda'], key: passphrase },
    system: {},
    ...input,
  });
  return makePlan(
    config,
    facts(disks, overrides),
    new Secret('0123456789abcdef'.repeat(4)),
    undefined,
    closure,
  );
}

t.test('a plan has steps for every stage, and the writing begins with the first', async t => {
  const made = plan([disk()]);
  for (const name of plannedStages.slice(1)) t.ok(made.stages[name].length > 0, name);
  t.match(made.summary.join('\n'), 'everything on this disk will be destroyed: /dev/vda');
});

t.test('the printed plan', async t => {
  const text = renderPlan(plan([disk()]));
  const headings = text.split('\n').filter(line => line.startsWith('## '));
  t.same(
    headings,
    plannedStages.map(name => `## ${name}`),
  );
  t.match(text, '## evaluate\n# nothing to do\n', 'in too little RAM');
  t.match(text, /^zpool create .*rpool.* <<< \[secret\]$/m);
  t.notMatch(text, /correct horse/, 'the passphrase is in no line');
});

t.test('the same machine and configuration give the same plan', async t => {
  t.equal(renderPlan(plan([disk()])), renderPlan(plan([disk()])));
});

interface Refusal {
  name: string;
  disks: Disk[];
  input?: Partial<ConfigInput>;
  overrides?: Partial<Facts>;
  codes: string[];
}

const second = disk({ path: '/dev/vdb', aliases: [], serial: 'b' });
const used = disk({ contents: [content('/dev/vda1', { signature: 'ext4' })] });

const refusals: Refusal[] = [
  { name: 'no disk is named', disks: [disk()], input: { disks: undefined }, codes: ['CONFIG_SCHEMA'] },
  {
    name: 'the disk is not there',
    disks: [disk()],
    input: { disks: { devices: ['/dev/vdz'], key: passphrase } },
    codes: ['DISK_NOT_FOUND'],
  },
  {
    name: 'two disks match',
    disks: [disk(), second],
    input: { disks: { devices: [{ transport: 'virtio' }], key: passphrase } },
    codes: ['DISK_AMBIGUOUS'],
  },
  { name: 'the disk holds data', disks: [used], codes: ['DISK_FOREIGN_DATA'] },
  {
    name: 'too little memory',
    disks: [disk()],
    overrides: { memoryBytes: leastMemTotalBytes.install - 1 },
    codes: ['MEMORY_TOO_SMALL'],
  },
  {
    name: 'everything is told at once',
    disks: [disk({ ...used, sizeBytes: GiB })],
    overrides: { memoryBytes: 64 * 2 ** 20 },
    codes: ['MEMORY_TOO_SMALL', 'DISK_TOO_SMALL', 'DISK_FOREIGN_DATA'],
  },
  {
    name: 'a host key that is none',
    disks: [disk()],
    input: { ssh: { hostKeys: [hostKey] } },
    codes: ['SSH_HOST_KEY'],
  },
];

for (const { name, disks, input, overrides, codes } of refusals) {
  t.test(`refused: ${name}`, async t => {
    try {
      plan(disks, input, overrides);
      t.fail('was planned');
    } catch (error) {
      t.ok(error instanceof DabeiError);
      t.same(
        reasonsOf(error as DabeiError).map(({ code }) => code),
        codes,
      );
    }
  });
}

t.test('a prebuilt system', async t => {
  const toplevel = '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web';
  const substituters = ['https://cache.example.org'];
  const trustedPublicKeys = [`cache.example.org-1:${Buffer.alloc(32).toString('base64')}`];
  const system = { storePath: toplevel, substituters, trustedPublicKeys };
  const planned = (narBytes: number) =>
    plan(
      [disk()],
      { system },
      {},
      { toplevel, substituters, paths: 4, narBytes, fileBytes: 500, sizes: new Map(), initrd: null },
    );
  const made = planned(1000);
  t.match(made.summary.join('\n'), /4 paths, each signed .*: 500 bytes to fetch .*, 1000 bytes unpacked/);
  t.notMatch(renderPlan(made), /nix-instantiate|flake\.nix/);
  t.throws(() => planned(1e15), { code: 'CLOSURE_TOO_LARGE' });
  t.throws(() => plan([disk()], { system }), { code: 'INTERNAL' });
});
