import t from 'tap';
import { areCertificates } from '../../../agent/keys/certificate.ts';
import { selfSigned } from '../../support/reports/certificate.ts';

t.test('certificates in PEM', async t => {
  const { cert, key } = selfSigned(t.testdir({}));
  const block = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  const rows: [name: string, text: string, expected: boolean][] = [
    ['one', cert, true],
    ['two', cert + cert, true],
    ['line breaks of Windows', cert.replaceAll('\n', '\r\n'), true],
    ['without the last line break', cert.trimEnd(), true],
    ['names of authorities between them', `${cert}\n# another one\n${cert}`, true],
    ['nothing', '', false],
    ['a text', 'AAAA', false],
    ['a text before it', `# mine\n${cert}`, false],
    ['cut off, as on a kernel line that is too long', cert.slice(0, 300), false],
    ['the second one is cut off', cert + cert.slice(0, 300), false],
    ['no base64', block('x$'), false],
    ['no certificate', block('AAAA'), false],
    ['the second one is none', cert + block('AAAA'), false],
    ['a key', key, false],
    ['its end alone', '-----END CERTIFICATE-----\n', false],
  ];
  for (const [name, text, expected] of rows) t.equal(areCertificates(text), expected, name);
});
