import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../../../agent/host/exec.ts';
import { capturedKeys } from '../../../agent/keys/captured-keys.ts';
import {
  describeAuthorizedKey,
  readAuthorizedKey,
  readAuthorizedKeys,
} from '../../../agent/keys/authorized-keys.ts';
import { fingerprint } from '../../../agent/keys/fingerprint.ts';
import * as files from '../../../image/lib/files.ts';
import { Random } from '../../support/random.ts';
import { imagePackages } from '../../support/image-packages.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import {
  elsewhere,
  forSshKeygen,
  fromSshKeygen,
  generateLine,
  type GeneratedLine,
} from '../authorized-keys.ts';
import { makeFuzzKeys, privateKeyFile, type GeneratedKey } from '../keys.ts';
import { textOf, type BatchTarget, type Outcome, type SingleTarget, type Target } from '../target.ts';

/** Our reading of authorized_keys by itself, against `ssh-keygen -l` and against logins at the image's sshd. */

let made: GeneratedKey[] | undefined;
/** The same in every run. */
const keys = () => (made ??= makeFuzzKeys(new Random(1)));
/** 2026-11-28, in seconds since 1970. */
const now = 1_795_824_000;

const alone: SingleTarget = {
  name: 'authorized_keys',
  generate: random => generateLine(keys(), random).line,
  decode: input => {
    const line = textOf(input);
    const read = readAuthorizedKey(line, now);
    if ((read.use === 'shell') !== (read.reason === null)) throw new Error('a reason for a shell, or none');
    if (/[\0-\x1f\x7f-\x9f]/.test(describeAuthorizedKey(read)))
      throw new Error('a control character is shown');
    const { lines, notes } = capturedKeys(`#from /root/.ssh/authorized_keys\n${line}\n`, now);
    if (lines.length + notes.length === 0 && !line.startsWith('#')) throw new Error('nothing is said of it');
    return read.key === null ? 'refused' : undefined;
  },
};

const sshKeygen: BatchTarget = {
  name: 'authorized_keys: ssh-keygen',
  most: 20_000,
  batch: 500,
  generate: random => generateLine(keys(), random, [' ', '\t']).line,
  decodeAll: async inputs => {
    const lines = inputs.map(textOf);
    const { stdout } = await attempt({
      doing: 'having ssh-keygen read the lines',
      argv: ['ssh-keygen', '-l', '-f', '-'],
      stdin: forSshKeygen(lines, keys()[0]!),
      timeoutSeconds: 120,
    });
    const theirs = fromSshKeygen(stdout, lines.length);
    return lines.map((line, index): Outcome => {
      const found = theirs[index] ?? null;
      const ours = readAuthorizedKey(line, now).key?.fingerprint ?? null;
      // OpenSSH 10 knows DSA no longer, the ssh-keygen of this machine may.
      if (ours === found || line.includes('ssh-dss')) return found === null ? 'refused' : 'parsed';
      return { problem: `ssh-keygen: ${found}, we: ${ours}: ${JSON.stringify(line)}` };
    });
  },
};

interface Server {
  sshd: Sshd;
  directory: string;
  /** For each key the file of its private half. */
  identities: string[];
}

let server: Server | undefined;
const loginKeys = () => keys().filter(({ privateKey }) => privateKey !== null);

async function start(): Promise<Server> {
  const packages = await imagePackages();
  const directory = mkdtempSync(join(tmpdir(), 'dabei-fuzz-sshd-'));
  const identities = loginKeys().map((key, index) => {
    const path = `${directory}/key-${index}`;
    files.write(path, privateKeyFile(key), 0o600);
    return path;
  });
  const root = `${directory}/root`;
  files.makeDirectory(root);
  return { directory, identities, sshd: await startSshd(root, packages) };
}

const sshd: BatchTarget = {
  name: 'authorized_keys: sshd',
  most: 2_000,
  batch: 50,
  generate: random => JSON.stringify(generateLine(loginKeys(), random)),
  decodeAll: async inputs => {
    server ??= await start();
    const lines = inputs.map(input => JSON.parse(textOf(input)) as GeneratedLine);
    const outcomes: Outcome[] = [];
    for (const group of groups(lines)) {
      const texts = group.map(index => lines[index]!.line);
      server.sshd.authorize(`${texts.join('\n')}\n`);
      const reads = readAuthorizedKeys(texts, Date.now() / 1000);
      const { sshd, identities } = server;
      await Promise.all(
        group.map(async (index, place) => {
          const { line, from } = lines[index]!;
          const read = reads[place]!;
          // A line whose key was changed is somebody else's, and an authority's is about certificates.
          const isOwn = read.key?.fingerprint === fingerprint(loginKeys()[from]!.blob);
          const isHere = isOwn && !read.isAuthority && !elsewhere.some(part => line.includes(part));
          const expected = isHere && read.use !== 'unusable' ? read.use : 'nobody';
          const { exitCode, stdout } = await sshd.ssh(identities[from]!, '-T', 'echo shell-$((40 + 2))');
          const got = exitCode === 255 ? 'nobody' : stdout === 'shell-42\n' ? 'shell' : 'command';
          outcomes[index] =
            got !== expected
              ? { problem: `sshd: ${got}, we: ${expected} (${read.reason}): ${JSON.stringify(line)}` }
              : read.key === null
                ? 'refused'
                : 'parsed';
        }),
      );
    }
    return outcomes;
  },
  stop: async () => {
    await server?.sshd.stop();
    if (server) files.remove(server.directory);
    server = undefined;
  },
};

/** Indices of lines that can be in one file: of two lines with the same key the first one would count. */
function groups(lines: readonly GeneratedLine[]): number[][] {
  const result: number[][] = [];
  for (const [index, { from }] of lines.entries()) {
    const group = result.find(each => each.every(other => lines[other]!.from !== from));
    if (group) group.push(index);
    else result.push([index]);
  }
  return result;
}

export const keyTargets: Target[] = [alone, sshKeygen, sshd];
