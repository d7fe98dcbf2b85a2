import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readIdentity, readRtc, smbiosIdentity } from '../../../../agent/host/machine/identity.ts';
import { doorsTo, type World } from '../../../support/doors.ts';

const dmi = '/sys/class/dmi/id';
const doorsFor = (t: Test, world: World) => doorsTo(join(t.testdir({ machine: {} }), 'machine'), world);

const card = (ifname: string, last: string, more: object = {}) => ({
  ...{ ifname, flags: ['UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether', address: `52:54:00:00:00:${last}` },
  ...more,
});
const dark = { flags: ['UP'] };
const bonded = { address: '52:54:00:00:00:01', master: 'bond0' };
const bond = card('bond0', '01', { linkinfo: { info_kind: 'bond' } });

t.test('which MAC addresses', async t => {
  const rows: [name: string, links: object[], commandLine: string, macs: string[], allMacs: string[]][] = [
    ['one card', [card('eth0', '01')], '', ['01'], ['01']],
    ['two, one without a carrier', [card('eth0', '01', dark), card('eth1', '02')], '', ['02'], ['01', '02']],
    ['none has a carrier', [card('eth0', '01', dark)], '', [], ['01']],
    ['BOOTIF', [card('eth0', '01'), card('eth1', '02')], 'BOOTIF=01-52-54-00-00-00-02', ['02'], ['01', '02']],
    ['the last BOOTIF', [card('eth0', '01')], 'BOOTIF=01-52-54-00-00-00-09 BOOTIF=01-52-54-00-00-00-01', ['01'], ['01']],
    ['a BOOTIF that no program filled in', [card('eth0', '01')], 'BOOTIF=01-${netX/mac:hexhyp}', ['01'], ['01']],
    ['an empty BOOTIF', [card('eth0', '01')], 'BOOTIF=', ['01'], ['01']],
    ['cards of a bond have their own', [card('eth0', '01', bonded), card('eth1', '01', { ...bonded, permaddr: '52:54:00:00:00:02' }), bond], '', ['01', '02'], ['01', '02']],
    ['upper case', [card('eth0', '01', { address: '52:54:00:00:00:AB' })], '', ['ab'], ['ab']],
  ]; // prettier-ignore
  for (const [name, links, commandLine, macs, allMacs] of rows) {
    const devices = links.map((link): [string, string] => [`/sys/class/net/${(link as { ifname: string }).ifname}/device/modalias`, 'virtio:d1v1\n']);
    const doors = doorsFor(t, { files: Object.fromEntries(devices), programs: { ip: `echo '${JSON.stringify(links)}'`, udevadm: 'exit 0' } });
    const found = await readIdentity(doors, commandLine, null);
    const whole = (last: string) => `52:54:00:00:00:${last}`;
    t.same([found.macs, found.allMacs], [macs.map(whole), allMacs.map(whole)], name);
  }
}); // prettier-ignore

t.test('what the firmware says', async t => {
  const serials: [said: string, serial: string | null][] = [
    ['S4EVNX0R', 'S4EVNX0R'],
    [' CZJ0420Q1K \n', 'CZJ0420Q1K'],
    ['VMware-56 4d 7a 11', 'VMware-56 4d 7a 11'],
    ['a/b?c#d', 'a/b?c#d'],
    ['System-042', 'System-042'],
    ['0000042', '0000042'],
    ['F1234567', 'F1234567'],
    ['', null],
    ['   ', null],
    ['To be filled by O.E.M.', null],
    ['To Be Filled By O.E.M', null],
    ['Default string', null],
    ['System Serial Number', null],
    ['Chassis Serial Number', null],
    ['Base Board Serial Number', null],
    ['Serial Number', null],
    ['Not Specified', null],
    ['Not Available', null],
    ['N/A', null],
    ['Unknown', null],
    ['0123456789', null],
    ['123456789', null],
    ['0123456789ABCDEF', null],
    ['00000000', null],
    ['xxxxxxxxxxx', null],
    ['................', null],
    ['FFFFFFFF', null],
  ];
  for (const [said, serial] of serials)
    t.equal(smbiosIdentity(doorsFor(t, { files: { [`${dmi}/product_serial`]: `${said}\n` } })).serial, serial, said);
  const uuids: [said: string, isOne: boolean][] = [
    ['4C4C4544-0033-3910-8050-B1C04F4E3732', true],
    ['00000000-0000-0000-0000-000000000001', true],
    ['00000000-0000-0000-0000-000000000000', false],
    ['FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', false],
    ['03000200-0400-0500-0006-000700080009', false],
    ['00020003-0004-0005-0006-000700080009', false],
    ['', false],
  ];
  for (const [said, isOne] of uuids)
    t.equal(smbiosIdentity(doorsFor(t, { files: { [`${dmi}/product_uuid`]: `${said}\n` } })).uuid, isOne ? said : null, said);
  t.same(smbiosIdentity(doorsFor(t, {})), { serial: null, uuid: null }, 'no firmware');
}); // prettier-ignore

t.test('the clock that runs while the machine is off', async t => {
  const rtc = '/sys/class/rtc/rtc0/since_epoch';
  const rows: [name: string, world: World, seconds: number | null][] = [
    ['it runs', { files: { [rtc]: '1293840000\n' } }, 1293840000],
    ['there is none', {}, null],
    ['it is empty', { files: { [rtc]: '\n' } }, null],
    ['it says nothing of use', { files: { [rtc]: 'soon\n' } }, null],
    ['it has no power', { files: { [rtc]: '1\n' }, failing: [['readText', /rtc0/, 'EIO']] }, null],
  ];
  for (const [name, world, seconds] of rows) t.equal(readRtc(doorsFor(t, world)), seconds, name);
});
