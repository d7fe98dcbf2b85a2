import { createServer } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { configSchema } from '../../../agent/config/schema.ts';
import { realDoors } from '../../../agent/host/doors.ts';
import * as files from '../../../image/lib/files.ts';
import type { Closure } from '../../../agent/plan/nix/closure.ts';
import { narinfoName } from '../../../agent/plan/nix/narinfo.ts';
import { archiveDirectory, inspectToplevel } from '../../../agent/stages/toplevel.ts';
import { facts } from '../../fixtures/disks.ts';
import { doorsTo } from '../../support/doors.ts';
import { requireNix } from '../../support/nix.ts';
import { listen } from '../../vm/harness/serve.ts';

/** How often Nix fetches the archive of a system while dabei looks into it. */

const toplevel = '/nix/store/00000000000000000000000000000000-nixos-system-web';
const etc = '/nix/store/22222222222222222222222222222222-etc';
const initrd = '/nix/store/33333333333333333333333333333333-initrd';

/** Of a directory, as binary caches have it. */
async function archiveOf(directory: string): Promise<Buffer> {
  const { argv, env } = requireNix('nix-store');
  const { stdout } = await realDoors.exec.run({
    doing: 'making an archive',
    argv: [...argv, '--dump', directory],
    env,
    binary: true,
    timeoutSeconds: 60,
  });
  return Buffer.from(stdout, 'latin1');
}

t.test('each archive is fetched once', async t => {
  const { argv, env } = requireNix('nix');
  const root = t.testdir({});
  // Nix does not know that this directory is the machine's root.
  const nix = `export HOME=$ROOT/home NIX_CONFIG='${env['NIX_CONFIG']}'
exec ${argv.join(' ')} $(printf '%s\\n' "$@" | sed "s|local-nar-cache=|&$ROOT|")`;
  const doors = doorsTo(join(root, 'machine'), { programs: { nix } });
  const paths = join(root, 'paths');
  files.write(join(paths, 'system/system'), 'x86_64-linux');
  files.symlink(`${etc}/etc`, join(paths, 'system/etc'));
  files.symlink(`${initrd}/initrd`, join(paths, 'system/initrd'));
  files.write(join(paths, 'etc/etc/os-release'), '');
  files.write(join(paths, 'etc/etc/ssh/sshd_config'), '');
  files.write(join(paths, 'etc/etc/hostid'), Buffer.from('1234'));

  const answers = new Map<string, Buffer>([['/nix-cache-info', Buffer.from('StoreDir: /nix/store\n')]]);
  for (const [path, name] of [
    [toplevel, 'system'],
    [etc, 'etc'],
  ] as const) {
    const archive = await archiveOf(join(paths, name));
    answers.set(`/nar/${name}.nar`, archive);
    const text = [
      ...[`StorePath: ${path}`, `URL: nar/${name}.nar`, 'Compression: none'],
      ...[`NarHash: sha256:${'1'.repeat(52)}`, `NarSize: ${archive.length}`, 'References: ', ''],
    ].join('\n');
    answers.set(`/${narinfoName(path)}`, Buffer.from(text));
  }
  const asked: string[] = [];
  const { port, close } = await listen(
    createServer((request, response) => {
      const answer = answers.get(request.url ?? '');
      if (answer === undefined) response.writeHead(404).end();
      else response.end(answer);
      if (request.method === 'GET' && request.url?.startsWith('/nar/')) asked.push(request.url);
    }),
  );
  t.teardown(close);
  const closure: Closure = {
    ...{ toplevel, substituters: [`http://127.0.0.1:${port}`], paths: 2, narBytes: 1, fileBytes: 1 },
    ...{ sizes: new Map(), initrd: null },
  };
  const config = configSchema.parse({
    hostName: 'web',
    hostId: '34333231',
    disks: { devices: ['/dev/vda'] },
  });
  t.equal(await inspectToplevel(doors, closure, config, facts([])), initrd);
  t.same(asked.sort(), ['/nar/etc.nar', '/nar/system.nar']);
  t.ok(
    files.kind(join(doors.root, archiveDirectory)) === 'directory',
    'they are kept where dabei removes them',
  );
});
