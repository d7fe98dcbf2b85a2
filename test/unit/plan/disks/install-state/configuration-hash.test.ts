import t from 'tap';
import { configurationHash } from '../../../../../agent/plan/disks/install-state.ts';
import { input, parse } from './partitioned.ts';

t.test('what makes configurations the same', async t => {
  const hash = configurationHash(parse());
  t.match(hash, /^[0-9a-f]{64}$/);
  t.equal(configurationHash(parse({ mode: 'plan' })), hash, 'the mode does not');
  t.equal(
    configurationHash(parse({ disks: { ...input.disks!, key: 'another passphrase' } })),
    hash,
    'nothing that lies readable on the ESP depends on the passphrase',
  );
  t.not(configurationHash(parse({ hostName: 'web-02' })), hash);
  const written = { ...input.disks!, swap: 'auto' as const };
  t.equal(configurationHash(parse({ disks: written })), hash);
  t.not(configurationHash(parse({ disks: { ...input.disks!, esp: '1GiB' } })), hash);
  t.not(configurationHash(parse({ disks: { ...input.disks!, generation: 2 } })), hash);
});
