import { gzipSync } from 'node:zlib';
import { decodeBase64, unpack } from '../../../agent/config/sources/decode.ts';
import { parseJson } from '../../../agent/config/json.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { hostKeyType } from '../../../agent/keys/host-key.ts';
import { flakeReference } from '../../../agent/plan/host-flake/flake-reference.ts';
import { Secret } from '../../../agent/secret.ts';
import { mutateBytes, mutateJson, mutateLines, mutateText } from '../mutate.ts';
import type { Random } from '../../support/random.ts';
import { bytesOf, textOf, type Target } from '../target.ts';
import { randomConfig, randomHostKey } from '../configurations.ts';

/** What people and boot loaders write. */

const json: Target = {
  name: 'JSON',
  generate: random => {
    const text = JSON.stringify(randomConfig(random), null, random.pick([0, 2]));
    return random.chance(0.6) ? text : mutateText(random, text);
  },
  decode: input => (parseJson(textOf(input), 'fuzz').problems.length > 0 ? 'refused' : undefined),
};

const whole: Target = {
  name: 'configuration',
  generate: random => JSON.stringify(mutateJson(random, randomConfig(random), random.integer(0, 4))),
  decode: input => resolved('', bytesOf(input)),
};

const commandLine: Target = {
  name: 'command line',
  generate: random => {
    const config = Buffer.from(JSON.stringify(randomConfig(random))).toString('base64');
    const words = random.some([
      'console=ttyS0,115200',
      `dabei.config=${config}`,
      `dabei.disks=single:/dev/disk/by-path/pci-0000:00:04.0`,
      `dabei.disk_key=${Buffer.from(random.word(8, 20)).toString('base64')}`,
      `dabei.flake="github:me/infra?dir=a b#${random.word()}"`,
      `ip=${random.ipv4()}::${random.ipv4()}:255.255.255.0:${random.word()}:eth0:off:${random.ipv4()}`,
      `ip=[${random.ipv6()}]:::64::eth0:off`,
      `nameserver=${random.ip()}`,
      `dabei.hostname=${random.word()}`,
      'dabei.mode=rescue',
      'quiet',
    ]);
    return mutateText(random, words.join(' '));
  },
  decode: input => resolved(textOf(input), null),
};

/** Whatever was written, there is an answer, and it can be shown. */
function resolved(commandLine: string, file: Buffer | null): 'refused' | void {
  const files = file === null ? [] : [{ path: '/dabei.json', bytes: file }];
  const resolution = resolveConfiguration({ commandLine, files });
  if (resolution.config === null && resolution.problems.length === 0)
    throw new Error('refused without a reason');
  JSON.stringify(resolution);
  for (const polluted of ['wipe', 'key', 'dhcp', 'polluted'])
    if (polluted in {}) throw new Error(`Object.prototype has ${polluted}`);
  // A configuration that is refused got past the first parser unless that was all that it said.
  return resolution.problems.some(({ code }) => code === 'CONFIG_JSON') ? 'refused' : undefined;
}

const packed = (random: Random) => Buffer.from(JSON.stringify(randomConfig(random)));

const gzip: Target = {
  name: 'gzip',
  generate: random => {
    const bytes = gzipSync(packed(random), { level: random.integer(0, 9) });
    return random.chance(0.6) ? bytes : mutateBytes(random, bytes);
  },
  decode: input => void unpack(bytesOf(input)),
};

const zstd: Target = {
  name: 'zstd',
  generate: random => {
    const frames = Buffer.concat(random.list(1, 3, () => zstdFrame(random, packed(random))));
    return random.chance(0.6) ? frames : mutateBytes(random, frames);
  },
  decode: input => void unpack(bytesOf(input)),
};

/** A frame of raw and RLE blocks (RFC 8878, 3.1.1): magic number, window, blocks of a 3-byte header each. */
function zstdFrame(random: Random, content: Buffer): Buffer {
  const window = random.chance(0.9) ? 0x58 : random.integer(0, 255);
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window])];
  const blocks = random.integer(1, 3);
  const size = Math.ceil(content.length / blocks);
  for (let block = 0; block < blocks; block++) {
    const raw = content.subarray(block * size, (block + 1) * size);
    const last = block === blocks - 1 ? 1 : 0;
    const repeats = random.chance(0.1);
    const header = Buffer.alloc(3);
    header.writeUIntLE(last | ((repeats ? 1 : 0) << 1) | (raw.length << 3), 0, 3);
    parts.push(header, repeats ? Buffer.from(' ') : raw);
  }
  return Buffer.concat(parts);
}

const base64: Target = {
  name: 'base64',
  generate: random => {
    const text = random.bytes(random.integer(0, 40)).toString(random.pick(['base64', 'base64url']));
    return random.chance(0.6) ? text : mutateText(random, text);
  },
  decode: input => void decodeBase64(textOf(input)),
};

const hostKey: Target = {
  name: 'host key',
  generate: random => {
    const key = randomHostKey(random);
    return random.chance(0.6) ? `${key}# ${random.word()}\n` : mutateLines(random, key, random.integer(1, 2));
  },
  decode: input => void hostKeyType(new Secret(bytesOf(input))),
};

const references = [
  'github:me/infra#web-01',
  'github:me/infra/main?dir=hosts#nixosConfigurations."a.b".config.system.build.toplevel',
  'gitlab:group%2Fsub/infra?host=git.example.org',
  'sourcehut:~me/infra#a',
  'https://example.org/infra.tar.gz?access_token=x#web',
  'tarball+https://me:secret@example.org/a/b#%41',
  'path:/dabei/flake#x',
  '/dabei/flake?dir=a',
];

const flake: Target = {
  name: 'flake reference',
  generate: random => {
    const reference = random
      .pick(references)
      .replace(/#.*/, part => (random.chance(0.7) ? `#${random.word()}` : part));
    return random.chance(0.6) ? `${reference}${random.word()}` : mutateText(random, reference);
  },
  decode: input => {
    const { url, attribute } = flakeReference(textOf(input), 'host');
    if (url.includes('#') || attribute === '' || /["^]/.test(attribute))
      throw new Error('taken apart wrongly');
  },
};

export const configTargets: Target[] = [json, whole, commandLine, gzip, zstd, base64, hostKey, flake];
