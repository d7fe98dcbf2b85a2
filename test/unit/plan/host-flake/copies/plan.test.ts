import { readFileSync } from 'node:fs';
import t from 'tap';
import { run } from '../../../../../agent/host/exec.ts';
import { configSchema } from '../../../../../agent/config/schema.ts';
import { makePlan, renderPlan, type Plan } from '../../../../../agent/plan/plan.ts';
import type { RunStep, WriteStep } from '../../../../../agent/plan/step.ts';
import { Secret } from '../../../../../agent/secret.ts';
import { disk, facts } from '../../../../fixtures/disks.ts';

const keyFile = `${t.testdir()}/key`;
await run({
  doing: 'making a key',
  argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', keyFile],
  timeoutSeconds: 60,
});
const hostKey = readFileSync(keyFile, 'utf8');

function plan(copies: boolean): Plan {
  const config = configSchema.parse({
    hostName: 'image',
    disks: { devices: ['only'], encryption: 'none', copies },
    // As the stage gives those of the installer.
    ssh: { hostKeys: [hostKey] },
  });
  return makePlan(config, facts([disk()]), new Secret('0123456789abcdef'.repeat(4)));
}

const commands = ({ stages }: Plan, stage: keyof Plan['stages']) =>
  stages[stage].filter((step): step is RunStep => step.kind === 'run').map(({ argv }) => argv.join(' '));
const written = ({ stages }: Plan) =>
  Object.values(stages).flat().filter((step): step is WriteStep => step.kind === 'write'); // prettier-ignore

t.test('what a disk that is copied gets', async t => {
  const made = plan(true);
  const [own, copy] = ['own', 'copy'].map(name =>
    written(made).find(({ path }) => path === `/mnt/etc/dabei/${name}`)!,
  );
  t.equal(own!.content, copy!.content, 'until its first start, a copy is what the image was');
  const lines = (own!.content as string).trim().split('\n').map(line => line.split(' ')); // prettier-ignore
  t.same(lines.map(([, ...rest]) => rest.join(' ')), ['0 disk', '1 bios-boot', '2 esp', '3 swap', '4 zfs']); // prettier-ignore
  const partitioning = commands(made, 'nuke-disk').find(line => line.startsWith('sgdisk --clear'))!;
  for (const [guid] of lines) t.ok(partitioning.includes(guid!), `${guid} is on the disk`);

  t.match(
    commands(made, 'host-flake').join('\n'),
    /^zgenhostid -f -o \/mnt\/etc\/dabei\/hostid [0-9a-f]{8}$/m,
  );
  const info = JSON.parse(
    written(made).find(({ path }) => path.endsWith('/runtime-info.json'))!.content as string,
  ) as {
    copies: boolean;
    modules: { disks: string[]; network: string[] };
  };
  t.equal(info.copies, true);
  t.ok(
    ['nvme', 'ahci', 'xen_blkfront'].every(name => info.modules.disks.includes(name)),
    'drivers of other machines',
  );
  t.ok(['e1000e', 'ena'].every(name => info.modules.network.includes(name)));

  const boot = commands(made, 'boot-loader');
  const link = boot.findIndex(line => /^ln -sfn \/dev\/\S+ \/dev\/dabei\/disk$/.test(line));
  t.ok(link >= 0 && link < boot.findIndex(line => line.startsWith('nixos-enter')), 'GRUB has the link');
  t.match(made.summary.join('\n'), /each copy makes itself its own/);
});

t.test('nothing of the installation that two machines must not share', async t => {
  const made = plan(true);
  t.notOk(
    written(made).some(({ path }) => path.includes('ssh_host_')),
    'no host key',
  );
  t.notMatch(renderPlan(made), /cp -p \/etc\/ssh\/ssh_host/);
  const [first = ''] = commands(made, 'finish');
  for (const path of [
    'etc/machine-id',
    'boot/loader/random-seed',
    'etc/ssh/ssh_host_ed25519_key',
    'var/lib/systemd/random-seed',
  ])
    t.ok(first.startsWith('rm -f ') && first.split(' ').includes(`/mnt/${path}`), path);
  t.match(commands(made, 'finish').at(-1), /^blkdiscard --force \/dev\/disk\/by-partuuid\//);
});

t.test('any other disk gets nothing of that', async t => {
  const text = renderPlan(plan(false));
  t.notMatch(text, /\/etc\/dabei\/|\/dev\/dabei|machine-id/);
  t.ok(written(plan(false)).some(({ path }) => path.includes('ssh_host_')));
});
