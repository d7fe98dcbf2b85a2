import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';

const resolve = (network: object) =>
  resolveConfiguration({
    commandLine: '',
    files: [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify({ mode: 'rescue', network })) }],
  });

t.test('a key by its earlier name', async t => {
  const { config, notes, problems } = resolve({ allowSilentGateways: true });
  t.same(problems, []);
  t.equal(config?.network.allowUnreachableGateways, true);
  t.match(notes, [
    /^\/dabei\.json: network\.allowSilentGateways is now called network\.allowUnreachableGateways/,
  ]);
});

t.test('by both names, and with a wrong value', async t => {
  const both = resolve({ allowSilentGateways: true, allowUnreachableGateways: false });
  t.match(both.problems, [{ path: 'network.allowSilentGateways', message: /unknown key/ }]);
  const wrong = resolve({ allowSilentGateways: 'no' });
  t.match(wrong.problems, [{ path: 'network.allowSilentGateways', column: 51 }]);
});
