import t from 'tap';
import type { Identity } from '../../../../agent/config/sources/url.ts';
import {
  trustedTime,
  utc,
  validityProblems,
  type Clocks,
  type TrustedTime,
  type Validity,
} from '../../../../agent/config/sources/validity.ts';

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const day = 86_400;
const known: TrustedTime = { epochSeconds: now };
const unknown: TrustedTime = { unknown: 'nobody knows' };
const machine: Identity = {
  macs: ['52:54:00:12:34:56'],
  allMacs: ['52:54:00:12:34:56', '52:54:00:12:34:57'],
  serial: 'S4EVNX0R',
  uuid: '4C4C4544-0033-3910-8050-B1C04F4E3732',
  hostName: null,
  arch: '',
};

t.test('for whom, and until when', async t => {
  const soon = utc(now + day);
  const mine = { serial: 'S4EVNX0R' };
  const rows: [name: string, validity: Validity, installs: boolean, codes: string[], time?: TrustedTime, who?: Identity | null][] = [
    ['mine', { for: mine, notAfter: soon }, true, []],
    ['mine, in lower case', { for: { serial: 's4evnx0r ' }, notAfter: soon }, true, []],
    ['by UUID', { for: { uuid: '4c4c4544-0033-3910-8050-b1c04f4e3732' }, notAfter: soon }, true, []],
    ['by the other card', { for: { mac: '52:54:00:12:34:57' }, notAfter: soon }, true, []],
    ['a MAC address with hyphens', { for: { mac: '52-54-00-12-34-57' }, notAfter: soon }, true, []],
    ['of another machine', { for: { serial: 'other' }, notAfter: soon }, true, ['CONFIG_OTHER_MACHINE']],
    ['of another card', { for: { mac: '52:54:00:12:34:58' }, notAfter: soon }, true, ['CONFIG_OTHER_MACHINE']],
    ['of another machine, for a rescue system', { for: { serial: 'other' } }, false, ['CONFIG_OTHER_MACHINE']],
    ['one of two does not match', { for: { ...mine, uuid: 'x' }, notAfter: soon }, true, ['CONFIG_OTHER_MACHINE']],
    ['a serial number that is not there', { for: mine, notAfter: soon }, true, ['CONFIG_OTHER_MACHINE'], known, { ...machine, serial: null }],
    ['no machine', { notAfter: soon }, true, ['CONFIG_SCHEMA']],
    ['no end', { for: mine }, true, ['CONFIG_SCHEMA']],
    ['neither', {}, true, ['CONFIG_SCHEMA', 'CONFIG_SCHEMA']],
    ['neither, for a rescue system', {}, false, []],
    ['passed', { for: mine, notAfter: utc(now - 1) }, true, ['CONFIG_EXPIRED']],
    ['passed, for a rescue system', { notAfter: utc(now - 1) }, false, ['CONFIG_EXPIRED']],
    ['this second', { for: mine, notAfter: utc(now) }, true, []],
    ['90 days', { for: mine, notAfter: utc(now + 90 * day) }, true, []],
    ['more than 90 days', { for: mine, notAfter: utc(now + 90 * day + 1) }, true, ['CONFIG_EXPIRED']],
    ['for ever', { for: mine, notAfter: '9999-12-31T00:00:00Z' }, true, ['CONFIG_EXPIRED']],
    ['nobody knows the time', { for: mine, notAfter: soon }, true, ['CONFIG_EXPIRED'], unknown],
    ['nobody knows the time, for a rescue system', { for: mine, notAfter: soon }, false, [], unknown],
    ['everything is wrong', { for: { serial: 'other' }, notAfter: utc(now - 1) }, true, ['CONFIG_OTHER_MACHINE', 'CONFIG_EXPIRED']],
    ['before it is signed', { for: { serial: 'other' }, notAfter: soon }, true, [], known, null],
  ]; // prettier-ignore
  for (const [name, validity, installs, codes, time = known, who = machine] of rows) {
    const problems = validityProblems(validity, { installs, isSigned: true }, who, time);
    t.same(problems.map(({ code }) => code), codes, name); // prettier-ignore
    for (const { remedy } of problems) t.match(remedy, /\w/, `${name}: what to do`);
  }
});

t.test('without a signature', async t => {
  const soon = utc(now + day);
  const rows: [name: string, validity: Validity, installs: boolean, codes: string[], time?: TrustedTime][] = [
    ['it needs neither', {}, true, []],
    ['it may be valid for long', { notAfter: utc(now + 900 * day) }, true, []],
    ['it may end', { notAfter: utc(now - 1) }, true, ['CONFIG_EXPIRED']],
    ['it may be for one machine', { for: { serial: 'other' } }, true, ['CONFIG_OTHER_MACHINE']],
    ['nobody knows whether it has ended', { notAfter: soon }, true, ['CONFIG_EXPIRED'], unknown],
    ['nobody knows, for a rescue system', { notAfter: soon }, false, [], unknown],
  ];
  for (const [name, validity, installs, codes, time = known] of rows) {
    const problems = validityProblems(validity, { installs, isSigned: false }, machine, time);
    t.same(problems.map(({ code }) => code), codes, name); // prettier-ignore
  }
});

t.test('what the time is', async t => {
  const clocks: Clocks = { systemSeconds: now, rtcSeconds: now - 3, givenSeconds: null };
  const rows: [name: string, clocks: Partial<Clocks>, expected: object][] = [
    ['all agree', {}, { epochSeconds: now }],
    ['a clock in local time', { rtcSeconds: now + 12 * 3600 }, { epochSeconds: now }],
    [
      'a clock in 2011, moved to the build date',
      { rtcSeconds: 1293840000 },
      { unknown: /2011-01-01.*2026-11-29/ },
    ],
    ['a clock in the future', { rtcSeconds: now + 2 * day }, { unknown: /2026-12-01/ }],
    ['a server that is an hour ahead', { networkSeconds: now + 3600 }, { epochSeconds: now }],
    [
      'a server that is two days ahead',
      { networkSeconds: now + 2 * day },
      { unknown: /the server of the configuration 2026-12-01/ },
    ],
    [
      'a server that is ahead, and a time',
      { networkSeconds: now + 2 * day, givenSeconds: now },
      { epochSeconds: now },
    ],
    ['no clock', { rtcSeconds: null }, { unknown: /no clock/ }],
    ['no clock, but a time', { rtcSeconds: null, givenSeconds: now + 7 }, { epochSeconds: now + 7 }],
    ['a clock in 2011, but a time', { rtcSeconds: 1293840000, givenSeconds: now }, { epochSeconds: now }],
  ];
  for (const [name, changes, expected] of rows)
    t.match(trustedTime({ ...clocks, ...changes }), expected, name);
});
