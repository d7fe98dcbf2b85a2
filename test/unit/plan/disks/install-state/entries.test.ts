import t from 'tap';
import {
  isBootLoader,
  installStateFile,
  recordedStages,
  latest,
  parseEntry,
} from '../../../../../agent/plan/disks/install-state.ts';
import { entry } from './partitioned.ts';

t.test('what boot loaders leave on an ESP', async t => {
  for (const name of ['EFI', 'loader', 'grub', 'kernels']) t.ok(isBootLoader(name), name);
  for (const name of ['dabei', 'filler', 'System Volume Information']) t.notOk(isBootLoader(name), name);
});

t.test('entries as files', async t => {
  t.same(parseEntry(JSON.stringify(entry('install'))), entry('install'));
  for (const text of ['', '{"version":1,"sta', '{}', '[]', '{"version":2,"stage":"install"}']) {
    t.equal(parseEntry(text), null, `not ${JSON.stringify(text)}`);
  }
  t.equal(latest([entry('host-flake'), entry('install'), entry('partitioned')])?.stage, 'install');
  t.equal(latest([]), null);
  t.equal(new Set(recordedStages.map(installStateFile)).size, recordedStages.length);
});
