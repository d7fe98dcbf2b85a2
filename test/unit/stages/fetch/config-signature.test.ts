import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sign, verify } from '../../../../agent/commands/sign.ts';
import { asDabeiError, Refusals } from '../../../../agent/errors.ts';
import { verifySignature } from '../../../../agent/stages/fetch/config-signature.ts';
import { doorsTo } from '../../../support/doors.ts';

/** Signatures by the real ssh-keygen. */

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const directory = t.testdir({ machine: {} });
const doors = doorsTo(join(directory, 'machine'), { real: ['ssh-keygen'], epoch: now });
const path = (name: string) => join(directory, 'machine', name);
const write = (name: string, text: string | Buffer) => {
  writeFileSync(path(name), text);
  return path(name);
};
const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const makeKey = (name: string, type = 'ed25519', passphrase = '') => {
  keygen('-q', '-t', type, '-N', passphrase, '-C', name, '-f', path(name));
  return readFileSync(`${path(name)}.pub`, 'utf8').trim();
};
const ours = 'namespaces="nix-dabei-config"';
const mine = makeKey('mine');
const other = makeKey('other', 'ecdsa');
const config = {
  hostName: 'web',
  for: { serial: 'S1' },
  notAfter: '2026-12-01T00:00:00Z',
  disks: { devices: ['only'] },
};
const content = JSON.stringify(config, null, 2);
const host = write('host.json', content);

t.test('who signed what', async t => {
  const signed = (key: string, namespace: string, text: string = content) => {
    const file = write('signed', text);
    execFileSync('rm', ['-f', `${file}.sig`]);
    keygen('-q', '-Y', 'sign', '-n', namespace, '-f', path(key), file);
    return readFileSync(`${file}.sig`, 'utf8');
  };
  const good = signed('mine', 'nix-dabei-config');
  const rows: [name: string, signers: string, signature: string, by: string | null, said?: RegExp, text?: string][] = [
    ['mine', `me ${ours} ${mine}`, good, 'me'],
    ['the second line', `you ${ours} ${other}\nme ${ours} ${mine}`, good, 'me'],
    ['a pattern', `*@example.org ${ours} ${mine}`, good, '*@example.org'],
    ['another kind of key', `you ${ours} ${other}`, signed('other', 'nix-dabei-config'), 'you'],
    ['a key that is valid today', `me ${ours},valid-after="20261101",valid-before="20261201" ${mine}`, good, 'me'],
    ['by somebody else', `you ${ours} ${other}`, good, null, /none of the allowed signers/],
    ['for releases', `me namespaces="nix-dabei-config,nix-dabei" ${mine}`, signed('mine', 'nix-dabei'), null, /not a signature of this file for the namespace/],
    ['for git', `me ${ours} ${mine}`, signed('mine', 'git'), null, /namespace|none of the allowed/],
    ['of another file', `me ${ours} ${mine}`, signed('mine', 'nix-dabei-config', `${content}\n`), null, /not a signature of this file/],
    ['a changed byte', `me ${ours} ${mine}`, good, null, /not a signature of this file/, content.replace('S1', 'S2')],
    ['a key that is no longer valid', `me ${ours},valid-before="20261101" ${mine}`, good, null, /none of the allowed|not a signature/],
    ['no signature', `me ${ours} ${mine}`, 'sorry', null, /none of the allowed/],
    ['an empty file', `me ${ours} ${mine}`, '', null, /none of the allowed/],
  ]; // prettier-ignore
  for (const [name, signers, signature, by, said, text = content] of rows) {
    const files = { signers: write('signers', `${signers}\n`), signature: write('signature', signature) };
    const verified = verifySignature(doors, Buffer.from(text), files, { epochSeconds: now });
    if (by === null)
      await t.rejects(verified, { code: 'CONFIG_SIGNATURE', problem: said!, remedy: /dabei sign/ }, name);
    else t.equal(await verified, by, name);
  }
});

t.test('dabei sign and dabei verify', async t => {
  const said = await sign(doors, host, path('mine'), 'ops');
  const line = `ops ${ours} ${mine.split(' ').slice(0, 2).join(' ')}`;
  t.equal(
    said,
    `wrote ${host}.sig\n\nallowed_signers:\n${line}\n\nkernel parameter:\n` +
      `dabei.config_signer=${Buffer.from(`${line}\n`).toString('base64')}\n`,
  );
  const signers = write('allowed_signers', `${line}\n`);
  const verified = `${host}: signed by ops, for serial S1, until 2026-12-01T00:00:00Z\n`;
  t.equal(await verify(doors, host, signers), verified);
  await sign(doors, host, path('mine'), 'ops');
  t.equal(await verify(doors, host, signers), verified, 'signing again replaces the signature');
  const numbered = write('numbered.json', JSON.stringify({ ...config, serial: 7 }));
  await sign(doors, numbered, path('mine'), 'ops');
  t.match(await verify(doors, numbered, signers), /until 2026-12-01T00:00:00Z, as number 7\n$/);

  const rows: [name: string, work: () => Promise<string>, code: string, said: RegExp][] = [
    ['by somebody else', () => verify(doors, host, write('others', `x ${ours} ${other}\n`)), 'CONFIG_SIGNATURE', /none of the allowed/],
    ['no namespaces', () => verify(doors, host, write('others', `x ${mine}\n`)), 'CONFIG_SIGNATURE', /has no namespaces=/],
    ['nobody', () => verify(doors, host, write('others', '# nobody\n')), 'CONFIG_SIGNATURE', /names nobody/],
    ['no file of signers', () => verify(doors, host, path('absent')), 'FILE', /no such file/],
    ['no file', () => sign(doors, path('absent'), path('mine'), 'ops'), 'FILE', /no such file/],
    ['not signed', () => verify(doors, write('new.json', content), signers), 'FILE', /no such file/],
    ['no key', () => sign(doors, host, path('absent'), 'ops'), 'CONFIG_SIGNATURE', /absent/],
    ['a name with a blank', () => sign(doors, host, path('mine'), 'a b'), 'CONFIG_SIGNATURE', /./],
    ['what machines would refuse', () => sign(doors, write('bad.json', '{"wipe": 1}'), path('mine'), 'ops'), 'CONFIG_SCHEMA', /unknown key/],
  ]; // prettier-ignore
  for (const [name, work, code, text] of rows) await t.rejects(work(), { code, problem: text }, name);

  const bad = await sign(doors, write('bad.json', '{"wipe": 1}'), path('mine'), 'ops').catch((thrown: unknown) => thrown);
  t.equal(bad instanceof Refusals ? bad.reasons.length : 0, 3, 'all problems at once');
  t.equal(doors.read('bad.json.sig'), null, 'nothing is written');

  makeKey('locked', 'ed25519', 'secret words');
  const locked = asDabeiError(await sign(doors, host, path('locked'), 'ops').catch((thrown: unknown) => thrown), '');
  t.match(locked, { code: 'CONFIG_SIGNATURE', remedy: /ssh-agent/ }, 'a key with a passphrase');
}); // prettier-ignore
