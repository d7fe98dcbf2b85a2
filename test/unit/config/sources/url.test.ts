import t from 'tap';
import {
  bootMac,
  expandUrl,
  signatureUrl,
  splitCredentials,
  urlTemplateProblem,
  type Identity,
} from '../../../../agent/config/sources/url.ts';

const machine: Identity = {
  macs: ['52:54:00:12:34:56'],
  allMacs: ['52:54:00:12:34:56', '52:54:00:12:34:57'],
  serial: 'S4EV NX/0R',
  uuid: '4C4C4544-0033-3910-8050-B1C04F4E3732',
  hostName: 'Web-01.example.org',
  arch: 'some_arch',
};

t.test('addresses', async t => {
  const rows: [template: string, problem: RegExp | null][] = [
    ['https://config.example.org/{mac}.json', null],
    ['http://10.0.0.1:8080/{serial}/{uuid}?h={hostname}&a={arch}', null],
    ['https://user:pw@config.example.org/x', null],
    ['https://{hostname}.example.org/x', null],
    ['HTTPS://config.example.org', null],
    ['ftp://config.example.org/x', /is not a valid address/],
    ['config.example.org/{mac}.json', /is not a valid address/],
    ['/dabei.json', /is not a valid address/],
    ['https://', /is not a valid address/],
    ['https://h/{mcc}', /did you mean \{mac\}\?/],
    ['https://h/{something}', /known: \{mac\} \{serial\}/],
    ['https://h/{mac', /brace/],
    ['https://h/mac}', /brace/],
    ['https://h/{{mac}}', /brace/],
    ['https://h/x#y', /fragment/],
  ];
  for (const [template, problem] of rows) {
    const found = urlTemplateProblem(template);
    if (problem === null) t.equal(found, null, template);
    else t.match(found, problem, template);
  }
});

t.test('what this machine fills in', async t => {
  const rows: [template: string, changes: Partial<Identity>, urls: string[], missing?: string[]][] = [
    ['https://h/{mac}.json', {}, ['https://h/52-54-00-12-34-56.json']],
    ['https://h/{mac}', { macs: machine.allMacs }, ['https://h/52-54-00-12-34-56', 'https://h/52-54-00-12-34-57']],
    ['https://h/x', { macs: machine.allMacs }, ['https://h/x']],
    ['https://h/{serial}', {}, ['https://h/s4ev%20nx%2F0r']],
    ['https://h/?u={uuid}', {}, ['https://h/?u=4c4c4544-0033-3910-8050-b1c04f4e3732']],
    ['https://h/{hostname}/{arch}', {}, ['https://h/web-01.example.org/some_arch']],
    ['https://h/{mac}/{mac}', {}, ['https://h/52-54-00-12-34-56/52-54-00-12-34-56']],
    ['https://h/{mac}', { macs: [] }, [], ['mac']],
    ['https://h/{serial}/{uuid}', { serial: null, uuid: null }, [], ['serial', 'uuid']],
    ['https://h/{hostname}', { hostName: null }, [], ['hostname']],
    ['https://h/{serial}', { serial: '../../etc' }, ['https://h/..%2F..%2Fetc']],
    ['https://h/{serial}', { serial: '%2e%2e/' }, ['https://h/%252e%252e%2F']],
    ['https://h/{serial}/x.json', { serial: '..' }, [], ['serial']],
    ['https://h/{serial}.json', { serial: '.' }, [], ['serial']],
    ['https://h/{serial}.json', { serial: ' ' }, [], ['serial']],
    ['https://h/{serial}', { serial: 'a?b#c&d' }, ['https://h/a%3Fb%23c%26d']],
    ['https://h/?s={serial}', { serial: 'a&admin=1' }, ['https://h/?s=a%26admin%3D1']],
    ['https://{serial}.example.org/', { serial: 'S4EVNX0R' }, ['https://s4evnx0r.example.org/']],
    ['https://{serial}.example.org/', { serial: 'elsewhere.example/' }, [], ['serial']],
    ['https://{serial}.example.org/{mac}', { serial: 'me@elsewhere' }, [], ['serial']],
    ['https://{serial}.example.org/{uuid}', { serial: 'To Be Filled', uuid: null }, [], ['serial', 'uuid']],
  ]; // prettier-ignore
  for (const [template, changes, urls, missing = []] of rows)
    t.same(expandUrl(template, { ...machine, ...changes }), { urls, missing }, template);
});

t.test('the signature beside it', async t => {
  t.equal(signatureUrl('https://h/a/b.json'), 'https://h/a/b.json.sig');
  t.equal(signatureUrl('https://h/a?m=1'), 'https://h/a.sig?m=1');
});

t.test('BOOTIF', async t => {
  const rows: [string, string | null][] = [
    ['01-52-54-00-12-34-56', '52:54:00:12:34:56'],
    ['01-52-54-00-AB-CD-EF', '52:54:00:ab:cd:ef'],
    ['52:54:00:12:34:56', '52:54:00:12:34:56'],
    ['01:52:54:00:12:34:56', '52:54:00:12:34:56'],
    ['', null],
    ['eth0', null],
    ['01-52-54-00-12-34-5g', null],
  ];
  for (const [value, mac] of rows) t.equal(bootMac(value), mac, value);
});

t.test('credentials', async t => {
  t.same(splitCredentials('https://h/x'), { url: 'https://h/x', authorization: null });
  t.same(splitCredentials('https://u:p%40w@h/x'), {
    url: 'https://h/x',
    authorization: `Basic ${Buffer.from('u:p@w').toString('base64')}`,
  });
});
