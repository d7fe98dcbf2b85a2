import { inspect } from 'node:util';
import t from 'tap';
import { Secret } from '../../agent/secret.ts';

t.test('a secret does not turn into text', async t => {
  const secret = new Secret('correct horse');
  /* eslint-disable @typescript-eslint/restrict-template-expressions -- it is what must not tell */
  const texts: [string, string][] = [
    ['string', String(secret)],
    ['template', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ secret }, { showHidden: true, depth: 9 })],
    ['error', new Error(`key ${secret}`).message],
  ];
  /* eslint-enable @typescript-eslint/restrict-template-expressions */
  for (const [way, text] of texts) t.notMatch(text, /correct|horse/, way);
  t.equal(secret.reveal().toString(), 'correct horse');
  secret.wipe();
  t.equal(
    secret.reveal().every(byte => byte === 0),
    true,
    'wiped',
  );
});
