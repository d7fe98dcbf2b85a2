import t from 'tap';
import { requireSymbols, settings } from '../../../../image/kernel/kernel.ts';

const config = [
  'CONFIG_NET=y',
  'CONFIG_EXT4_FS=m',
  '# CONFIG_DEBUG_INFO is not set',
  'CONFIG_CMDLINE="a b"',
].join('\n');

t.test('symbols that hold', async t => {
  const asked = [
    'CONFIG_NET=y',
    'CONFIG_EXT4_FS=m',
    '# CONFIG_DEBUG_INFO is not set',
    '# CONFIG_GONE is not set',
  ];
  t.doesNotThrow(() => requireSymbols([...asked, 'CONFIG_CMDLINE="a b"', '# a comment'].join('\n'), config));
});

t.test('every symbol that does not hold is named', async t => {
  const asked = ['CONFIG_NET=n', 'CONFIG_EXT4_FS=y', 'CONFIG_LOST=m', 'CONFIG_DEBUG_INFO=y'].join('\n');
  const lines = [
    'these kernel symbols have another value after the merge:',
    '  CONFIG_NET: asked n, is y',
    '  CONFIG_EXT4_FS: asked y, is m',
    '  CONFIG_LOST: asked m, is n',
    '  CONFIG_DEBUG_INFO: asked y, is n',
  ];
  t.throws(() => requireSymbols(asked, config), { message: lines.join('\n') });
});

t.test('comments and blank lines name no other kernel', async t => {
  const said = settings(`# Of an earlier room.\n\n${config}\n# CONFIG_LATER is mentioned here\n`);
  t.equal(said, settings(config));
  t.equal(said, `${config}\n`);
  t.not(said, settings(config.replace('EXT4_FS=m', 'EXT4_FS=y')));
});
