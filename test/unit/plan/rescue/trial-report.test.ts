import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { writeTrialReport } from '../../../../agent/plan/rescue/trial-report.ts';
import { renderStep } from '../../../../agent/plan/step.ts';
import { Secret } from '../../../../agent/secret.ts';
import { disk, facts } from '../../../fixtures/disks.ts';
import { selfSigned } from '../../../support/reports/certificate.ts';
import { config, link } from '../example.ts';

const url = 'https://reports.example.org/events?site="a b"';
const machine = facts([disk()], {
  identity: { serial: 'RACK-0042', uuid: null },
  links: [
    link({ name: 'eth0', mac: '52:54:00:00:00:01' }),
    link({ name: 'bond0', mac: '52:54:00:00:00:01', kind: 'bond' }),
  ],
});
const text = (content: string | Secret) =>
  content instanceof Secret ? content.reveal().toString('utf8') : content;

t.test('what the installed system sends, and where', async t => {
  const base = '/mnt/var/lib/dabei/trial-report';
  const escaped = 'https://reports.example.org/events?site=%22a%20b%22';
  const common = `url = "${escaped}"\ncacert = "/etc/ssl/certs/ca-certificates.crt"\nheader = "content-type: application/json"\n`;
  const { cert: ca } = selfSigned(t.testdir({}));
  const rows: [name: string, given: Partial<ConfigInput>, options: string | null][] = [
    ['no receiver', {}, null],
    ['a receiver', { report: { url } }, common],
    ['a token', { report: { url, token: 'abc+/=' } }, `${common}header = "authorization: Bearer abc+/="\n`],
    ['a header', { report: { url, header: 'x-key: a\\b"c' } }, `${common}header = "x-key: a\\\\b\\"c"\n`],
    [
      'its own authority',
      { report: { url }, configCa: ca },
      common.replace(/cacert = .*/, 'cacert = "/var/lib/dabei/trial-report.pem"'),
    ],
  ];
  for (const [name, given, options] of rows) {
    const steps = writeTrialReport(config({ hostName: 'web-01', ...given }), machine);
    const written = new Map(steps.map(({ path, content }) => [path, text(content)]));
    t.equal(written.get(base) ?? null, options, name);
    t.ok(steps.every(({ mode }) => mode === 0o600), `${name}: for root alone`); // prettier-ignore
    if (options === null) continue;
    t.notMatch(steps.map(renderStep).join('\n'), /abc\+|a\\b/, `${name}: no plan shows a token`);
    t.equal(steps.at(-1)!.path, base, 'the rest is there before it');
    t.same(JSON.parse(written.get(`${base}.json`)!), {
      name: 'dabei/trial',
      description: 'the installed system runs',
      event_type: 'finish',
      origin: 'nix-dabei',
      result: 'SUCCESS',
      machine: { hostname: 'web-01', serial: 'RACK-0042', uuid: null, macs: ['52:54:00:00:00:01'] },
    });
    t.equal(written.get(`${base}.pem`), name === 'its own authority' ? ca : undefined);
  }
});
