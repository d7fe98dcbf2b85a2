import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { requireHostPackages, run } from '../../../../../image/lib/host.ts';
import {
  appended,
  firstStart,
  image,
  imageMiB,
  machine,
  restart,
  shells,
  type Kind,
} from '../../../../support/copies/first-start.ts';

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/sbin/sgdisk': 'gdisk', '/usr/bin/cpio': 'cpio', '/usr/sbin/sfdisk': 'fdisk' }); // prettier-ignore

interface Table {
  id: string;
  partitions: { start: number; size: number; uuid: string; name: string; type: string }[];
}

async function tableOf(file: string): Promise<Table> {
  const { stdout } = await run({
    doing: 'reading a table',
    argv: ['sfdisk', '--json', file],
    timeoutSeconds: 30,
  });
  return (JSON.parse(stdout) as { partitiontable: Table }).partitiontable;
}

const guids = ({ id, partitions }: Table) =>
  [id, ...partitions.map(({ uuid }) => uuid)].map(guid => guid.toLowerCase());

for (const kind of Object.keys(shells) as Kind[]) {
  t.test(`${kind}: a copy gets GUIDs, host id and host key of its own, and fills its disk`, async t => {
    const root = t.testdir();
    machine(root, { vda: 100 });
    const before = await tableOf(`${root}/dev/vda`);
    const { status, said } = firstStart(root, kind);
    t.equal(status, 0, said);
    const text = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

    const after = await tableOf(`${root}/dev/vda`);
    t.equal(guids(after).length, 5);
    for (const guid of Object.values(image)) t.notOk(guids(after).includes(guid), `${guid} is gone`);
    t.same(after.partitions.map(({ name, type, start }) => [name, type, start]), before.partitions.map(({ name, type, start }) => [name, type, start])); // prettier-ignore
    const [old, last] = [before.partitions.at(-1)!, after.partitions.at(-1)!];
    t.equal(last.start + last.size, 99 * 2048, 'up to the last MiB');
    t.ok(last.size > old.size);
    t.same(after.partitions.slice(0, 3).map(({ size }) => size), before.partitions.slice(0, 3).map(({ size }) => size)); // prettier-ignore

    const own = text('etc/dabei/own').trim().split('\n').map(line => line.split(' ')); // prettier-ignore
    t.same(own.map(([guid]) => guid), guids(after)); // prettier-ignore
    t.same(own.map(([, ...rest]) => rest.join(' ')), ['0 disk', '1 bios-boot', '2 esp', '3 swap', '4 zfs']); // prettier-ignore
    const hostId = readFileSync(`${root}/etc/hostid`);
    t.equal(hostId.length, 4);
    t.not(hostId.toString('hex'), 'fecaad0b');
    t.equal(
      text('sys/module/spl/parameters/spl_hostid').trim(),
      `0x${Buffer.from(hostId).reverse().toString('hex')}`,
    );
    t.match(text('etc/ssh/key'), /BEGIN OPENSSH PRIVATE KEY/);

    const initrd = `${root}/esp-vda/EFI/nixos/aa-initrd.efi`;
    t.equal(text('esp-vda/EFI/nixos/aa-initrd.efi').slice(0, 6), 'initrd', 'the initrd itself stays');
    t.equal(text('esp-vda/EFI/nixos/aa-bzImage.efi'), 'kernel');
    const inside = new Map(appended(initrd).map(({ path, content }) => [path, content.toString('latin1')]));
    t.equal(inside.get('.initrd-secrets/etc/dabei/own'), text('etc/dabei/own'));
    t.equal(
      inside.get('.initrd-secrets/etc/dabei/copy'),
      text('etc/dabei/copy'),
      'the mark stays until the system removes it',
    );
    t.equal(inside.get('.initrd-secrets/etc/hostid'), hostId.toString('latin1'));
    t.equal(inside.get('.initrd-secrets/etc/ssh/key'), text('etc/ssh/key'));
    t.ok(
      appended(initrd).every(({ mode }) => mode === 0o600),
      'for root alone',
    );
    const rescue = new Map(appended(`${root}/esp-vda/dabei/rescue.cpio`).map(({ path, content }) => [path, content.toString()])); // prettier-ignore
    t.same([...rescue], [['ssh/ssh_host_1_key', text('etc/ssh/key')]]);

    t.equal(text('run/dabei-copy/own'), text('etc/dabei/own'), 'handed over');
    t.match(text('run/dabei-copy/key.pub'), /^ssh-ed25519 /);
    t.notOk(existsSync(`${root}/run/dabei-copy-work`));
  });

  t.test(`${kind}: a power cut before and after the table changes`, async t => {
    for (const cut of ['cut-before', 'cut-after']) {
      const root = t.testdir();
      const { write, remove } = machine(root, { vda: 100 });
      write(cut, '');
      t.not(firstStart(root, kind).status, 0, cut);
      restart(root);
      const chosen = readFileSync(`${root}/etc/dabei/own`, 'utf8');
      const key = readFileSync(`${root}/etc/ssh/key`, 'utf8');
      t.match(key, /BEGIN OPENSSH PRIVATE KEY/, 'it was on the ESP before the cut');
      remove(cut);
      const { status, said } = firstStart(root, kind);
      t.equal(status, 0, said);
      t.equal(readFileSync(`${root}/etc/dabei/own`, 'utf8'), chosen, 'what was chosen stays');
      t.equal(readFileSync(`${root}/etc/ssh/key`, 'utf8'), key);
      t.same(guids(await tableOf(`${root}/dev/vda`)), chosen.trim().split('\n').map(line => line.split(' ')[0])); // prettier-ignore
      // And once more, as if the system had not come to its end.
      restart(root);
      t.equal(firstStart(root, kind).status, 0);
      t.equal(readFileSync(`${root}/etc/dabei/own`, 'utf8'), chosen);
    }
  });

  t.test(
    `${kind}: GRUB of NixOS loads secrets from a file of their own, and stage 1 may have no sshd`,
    async t => {
      const root = t.testdir();
      const { write, remove } = machine(root, { vda: imageMiB });
      remove('esp-vda/EFI');
      write('esp-vda/kernels/aa-initrd-linux-initrd', 'initrd');
      write('esp-vda/kernels/bb-nixos-system-x-secrets', 'secrets1');
      t.equal(firstStart(root, kind, '').status, 0);
      t.equal(readFileSync(`${root}/esp-vda/kernels/aa-initrd-linux-initrd`, 'utf8'), 'initrd');
      const inside = appended(`${root}/esp-vda/kernels/bb-nixos-system-x-secrets`).map(({ path }) => path);
      t.same(inside.sort(), ['copy', 'hostid', 'own'].map(name => `.initrd-secrets/etc/dabei/${name}`).concat('.initrd-secrets/etc/hostid').sort()); // prettier-ignore
      t.equal(readFileSync(`${root}/esp-vda/dabei/rescue.cpio`, 'utf8'), 'rescue1');
      const last = (await tableOf(`${root}/dev/vda`)).partitions.at(-1)!;
      t.ok(last.start + last.size >= 2048 * (imageMiB - 1), 'never smaller than the image');
    },
  );

  t.test(`${kind}: refusals change nothing`, async t => {
    const two = t.testdir();
    machine(two, { vda: 100, vdb: 80 });
    t.match(firstStart(two, kind), {
      status: 1,
      said: /copies of one image, and none was started before: vda vdb\./,
    });
    t.same(guids(await tableOf(`${two}/dev/vda`)), Object.values(image));

    const large = t.testdir();
    machine(large, { vda: 100 }).write('sys/class/block/vda/queue/logical_block_size', '4096\n');
    writeFileSync(`${large}/dev/vda`, '');
    truncateSync(`${large}/dev/vda`, 100 * 2 ** 20);
    t.match(firstStart(large, kind), {
      status: 1,
      said: /vda has sectors of 4096 bytes[^]*no disk has the partition table/,
    });

    const small = t.testdir();
    machine(small, { vda: imageMiB }).write('sys/class/block/vda/size', `${(imageMiB - 1) * 2048}\n`);
    t.match(firstStart(small, kind), { status: 1, said: /vda is smaller than the image/ });
    t.same(guids(await tableOf(`${small}/dev/vda`)), Object.values(image));
  });

  t.test(`${kind}: a copy that was being changed is known beside one that was never started`, t => {
    const root = t.testdir();
    const { write, remove } = machine(root, { vda: 100, vdb: 100 });
    remove('sys/class/block/vdb');
    write('cut-after', '');
    t.not(firstStart(root, kind).status, 0);
    restart(root);
    remove('cut-after');
    write('sys/class/block/vdb/size', `${100 * 2048}\n`);
    const { status, said } = firstStart(root, kind);
    t.equal(status, 0, said);
    t.match(said, /first start of the copy on vda/);
    t.end();
  });
}
