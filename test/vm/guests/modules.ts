import { basename, join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../image/lib/host.ts';

/** Kernel modules of Debian for systems that are not Debian's. */
export interface Modules {
  release: string;
  /** In an order in which insmod takes them. */
  files: readonly string[];
}

/**
 * Takes modules, and those that they need, with a modules.dep(5) for them; unpacked, since not every modprobe reads xz.
 * @param root of the Debian with the kernel
 * @param names for example "virtio_net"
 * @param directory gets RELEASE/…, as /lib/modules has it
 */
export async function takeModules(
  root: string,
  names: readonly string[],
  directory: string,
): Promise<Modules> {
  await requireHostPackages({ '/usr/bin/xz': 'xz-utils' });
  const all = join(root, 'usr/lib/modules');
  const [release] = files.list(all);
  if (release === undefined) throw new Error(`no kernel in ${root}`);
  const known = files
    .readText(join(all, release, 'modules.dep'))
    .trim()
    .split('\n');
  // "kernel/drivers/net/virtio_net.ko.xz: …failover.ko.xz …": what is needed stands behind, the first to be loaded last.
  const lines = known.map(line => line.replace(':', '').trim().split(' '));
  const find = (path: string) => lines.find(([first]) => first === path) ?? [path];
  const wanted = names.map(name => {
    const line = lines.find(([path = '']) => basename(path) === `${name}.ko.xz`);
    if (line === undefined) throw new Error(`the kernel has no module ${name}`);
    return line;
  });
  const paths = [...new Set(wanted.flatMap(line => line.toReversed()))];
  const plain = (path: string) => path.replace(/\.xz$/, '');
  for (const path of paths) {
    const copy = join(directory, release, path);
    files.copy(join(all, release, path), copy);
    await run({ doing: `unpacking ${path}`, argv: ['xz', '--decompress', copy], timeoutSeconds: 30 });
  }
  const dependencies = paths.map(path => {
    const [, ...needed] = find(path);
    return `${plain(path)}:${needed.map(each => ` ${plain(each)}`).join('')}\n`;
  });
  files.write(join(directory, release, 'modules.dep'), dependencies.join(''));
  return { release, files: paths.map(path => join(directory, release, plain(path))) };
}
