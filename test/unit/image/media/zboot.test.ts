import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { checkout } from '../../../../image/lib/host.ts';
import { kernelFile } from '../../../../image/media/kexec-bundle.ts';
import { unpackedBytes } from '../../../../image/media/zboot.ts';

/** An image as drivers/firmware/efi/libstub/zboot-header.S lays it out, as far as it matters. */
function zboot(inside: Buffer, compression = 'gzip'): Buffer {
  const header = Buffer.alloc(64);
  header.write('MZ', 0);
  header.write('zimg', 4);
  const packed = gzipSync(inside);
  header.writeUInt32LE(header.length, 8);
  header.writeUInt32LE(packed.length, 12);
  header.write(compression, 24);
  return Buffer.concat([header, packed, Buffer.from('what follows')]);
}

t.test('how large a kernel becomes that kexec unpacks', async t => {
  const image = zboot(Buffer.alloc(12345));
  t.equal(unpackedBytes(image), 12345);
  t.equal(
    unpackedBytes(Buffer.concat([Buffer.from('MZ'), Buffer.alloc(60)])),
    null,
    'a bzImage is an EFI program, too',
  );
  t.throws(() => unpackedBytes(zboot(Buffer.alloc(9), 'zstd')), /by "zstd"/);
  t.throws(() => unpackedBytes(image.subarray(0, 70)), /cut off/);
  t.equal(kernelFile('vmlinuz.efi', image), `vmlinuz.efi\n${image.length + 2 * 12345}\n`);
  t.equal(kernelFile('bzImage', Buffer.from('MZ and more of it')), 'bzImage\n');
});

t.test('the bundle that Nix builds says the same', async t => {
  const nix = readFileSync(checkout('nix/packages/kexec.nix'), 'utf8');
  const [, script = ''] =
    /^( {2}echo \$\{target\.kernelFile\} >kexec\/kernel\n[^]*?\n {2}fi\n)/m.exec(nix) ?? [];
  t.match(script, 'zimg');
  for (const [name, kernel] of Object.entries({
    'vmlinuz.efi': zboot(Buffer.alloc(54_321)),
    bzImage: Buffer.from('MZ and more of it'),
  })) {
    const cwd = t.testdir({ kexec: { [name]: kernel } });
    const shell = `set -eu; kernel=kexec/${name}; ${script.replaceAll('${target.kernelFile}', name)}`;
    execFileSync('bash', ['-c', shell], { cwd });
    t.equal(readFileSync(`${cwd}/kexec/kernel`, 'utf8'), kernelFile(name, kernel), name);
  }
});
