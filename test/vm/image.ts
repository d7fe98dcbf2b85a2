import { join } from 'node:path';
import * as files from '../../image/files.ts';
import { checkout, requireHostPackages, requireRoot } from '../../image/host.ts';
import { run } from '../../agent/host/exec.ts';

/** The image under test, as `npm run image` leaves it, and what starting it in a machine needs on this one. */

/** DABEI_IMAGE=DIRECTORY tests another image than the one of this checkout, a published one for example. */
const output = process.env['DABEI_IMAGE'] ?? checkout('out');

export const image = {
  kernel: join(output, 'bzImage'),
  initrd: join(output, 'initrd'),
  netboot: join(output, 'netboot.ipxe'),
  description: join(output, 'image.json'),
  sums: join(output, 'SHA256SUMS'),
};

/** Builds the image unless it is there. @param tell receives the build's lines */
export async function requireImage(tell: (line: string) => void): Promise<void> {
  if (Object.values(image).every(files.exists)) return;
  await run({
    doing: 'building the image',
    argv: ['npm', 'run', '--silent', 'image'],
    cwd: checkout(),
    env: inherited(),
    timeoutSeconds: 3 * 3600,
    onLine: tell,
  });
}

/** npm may live anywhere in PATH, and a cache may have been asked for. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'DABEI_CACHE', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Installs QEMU, firmware and clients where they are missing. */
export async function requireVirtualMachines(): Promise<void> {
  requireRoot();
  await requireHostPackages({
    '/usr/bin/qemu-system-x86_64': 'qemu-system-x86',
    '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf',
    '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu',
    '/usr/bin/ssh': 'openssh-client',
    '/usr/bin/setpriv': 'util-linux',
  });
}
