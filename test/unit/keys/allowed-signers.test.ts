import t from 'tap';
import { signerLines, signerProblem } from '../../../agent/keys/allowed-signers.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

const key = publicKeyOf('signer');
const namespaces = 'namespaces="nix-dabei-config"';

t.test('lines', async t => {
  const rows: [name: string, line: string, problem: RegExp | null][] = [
    ['a line', `me ${namespaces} ${key}`, null],
    ['with a comment', `me@laptop ${namespaces} ${key} of the laptop`, null],
    ['tabs', `me\t${namespaces}\t${key.replace(' ', '\t')}`, null],
    ['several names', `me,you ${namespaces} ${key}`, null],
    ['several namespaces', `me namespaces="git,nix-dabei-config" ${key}`, null],
    ['further options', `me ${namespaces},valid-before="20300101" ${key}`, null],
    ['an authority', `* cert-authority,${namespaces} ${key}`, null],
    ['options in capitals', `me NAMESPACES="nix-dabei-config" ${key}`, null],
    ['no namespaces', `me ${key}`, /no namespaces="nix-dabei-config"/],
    ['another namespace', `me namespaces="nix-dabei" ${key}`, /no namespaces/],
    ['a pattern of namespaces', `me namespaces="*" ${key}`, /no namespaces/],
    ['the name in another option', `me valid-before="nix-dabei-config" ${key}`, /no namespaces/],
    ['no name', `${namespaces} ${key}`, /./],
    ['a line of authorized_keys', key, /is not "PRINCIPAL/],
    ['an open quote', `me namespaces="nix-dabei-config ${key}`, /quote without an end/],
    ['half a key', `me ${namespaces} ${key.slice(0, -8)}`, /cut off|damaged/],
    ['no key', `me ${namespaces}`, /is not "PRINCIPAL/],
    ['a private key', `me ${namespaces} -----BEGIN OPENSSH`, /no public key/],
    ['nothing', '', /is not/],
  ];
  for (const [name, line, problem] of rows) {
    const found = signerProblem(line);
    if (problem === null) t.equal(found, null, name);
    else t.match(found, problem, name);
  }
});

t.test('a file', async t => {
  t.same(signerLines(`# us\r\n\n  me ${key}\r\n#\nyou ${key}`), [`me ${key}`, `you ${key}`]);
  t.same(signerLines(''), []);
});
