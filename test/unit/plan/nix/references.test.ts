import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { flakeReference } from '../../../../agent/plan/host-flake/flake-reference.ts';
import { imageNix } from '../../../support/image-nix.ts';

/** Which addresses our list takes, beside what the image's Nix itself says of them, without a network. */

t.setTimeout(300_000);
const nix = await imageNix();

t.test('the list is what Nix can fetch', { timeout: 250_000 }, async t => {
  const directory = t.testdir({ flake: { 'flake.nix': '{ outputs = _: { }; }' } });
  const rows: [string, boolean][] = [
    ['github:me/infra', true],
    ['github:me/infra/main?dir=a', true],
    ['gitlab:me/infra', true],
    ['sourcehut:~me/infra', true],
    ['https://127.0.0.1:1/x.tar.gz', true],
    ['tarball+http://127.0.0.1:1/x', true],
    [`path:${directory}/flake`, true],
    ['svn+https://127.0.0.1:1/x', false],
    ['ssh+git://127.0.0.1:1/x', false],
    ['GIT+SSH://git@127.0.0.1:1/x', false],
    ['git@127.0.0.1:me/infra.git', false],
    ['github:me', false],
    ['GITHUB:me/infra', false],
    ['HTTPS://127.0.0.1:1/x.tar.gz', false],
    ['ftp://127.0.0.1:1/x.tar.gz', false],
    ['s3://bucket/x.tar.gz', false],
    ['~/infra', false],
    ['flake:infra', false],
    ['infra', false],
  ];
  for (const [url, expected] of rows) {
    const { stdout, stderr } = await attempt({
      doing: `trying ${url}`,
      // Without any network: what is asked of it is answer enough.
      argv: [
        'unshare',
        '--net',
        ...nix.argv('nix', 'flake', 'metadata', '--json', '--store', `${directory}/root`, url),
      ],
      env: nix.env(directory),
      cwd: directory,
      timeoutSeconds: 60,
    });
    const fetches = stdout !== '' || /unable to download/.test(stderr);
    t.equal(fetches, expected, `Nix: ${url}: ${stderr.trim().split('\n').at(-1)}`);
    const ours = () => flakeReference(`${url}#web`, 'host');
    if (expected) t.same(ours(), { url, attribute: 'web' }, url);
    else t.throws(ours, { code: 'CONFIG_SCHEMA' }, url);
  }
});
