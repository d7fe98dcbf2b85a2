import t from 'tap';
import { eventMaker, lastEvent, type Level, type Occurrence } from '../../../../agent/plan/report/event.ts';

const log: Occurrence[] = [
  { event: 'warning', text: 'before any stage' },
  { event: 'stage', name: 'network', state: 'started' },
  { event: 'note', text: 'eth0: 192.0.2.7/24' },
  { event: 'warning', text: 'no gateway\u001b[31m answers' },
  { event: 'stage', name: 'network', state: 'done', seconds: 1.5 },
  { event: 'stage', name: 'ssh', state: 'started' },
  { event: 'stage', name: 'ssh', state: 'done', seconds: 0.1 },
  { event: 'stage', name: 'plan', state: 'started' },
  { event: 'stage', name: 'plan', state: 'failed', seconds: 2, code: 'DISK_NOT_FOUND' },
  { event: 'error', code: 'DISK_NOT_FOUND', doing: 'choosing a disk', problem: 'there is none', remedy: 'add one' },
  { event: 'error', code: 'DISK_MEMBERS', doing: 'choosing disks', problem: 'too few' },
]; // prettier-ignore
const always = ['dabei/network start', 'dabei/network WARN 1.5', 'dabei/ssh start', 'dabei/ssh SUCCESS 0.1', 'dabei/plan start', 'dabei/plan FAIL 2', 'dabei/plan/error FAIL', 'dabei/plan/error FAIL']; // prettier-ignore

t.test('the log as events', async t => {
  const rows: [Level, string[]][] = [
    ['error', always],
    ['warning', ['dabei/warning WARN', always[0]!, 'dabei/network/warning WARN', ...always.slice(1)]],
    ['info', ['dabei/warning WARN', always[0]!, 'dabei/network/note SUCCESS', 'dabei/network/warning WARN', ...always.slice(1)]],
  ]; // prettier-ignore
  for (const [level, expected] of rows) {
    const make = eventMaker(() => level);
    const events = log.flatMap(entry => make(entry, 1764417600.5) ?? []);
    const shown = events.map(({ name, event_type, result, duration }) =>
      [name, result ?? event_type, duration].filter(part => part !== undefined).join(' '),
    );
    t.same(shown, expected, level);
    for (const event of events) {
      t.match(event, { origin: 'nix-dabei', timestamp: 1764417600.5 });
      t.equal(event.event_type === 'finish', event.result !== undefined, 'as in cloud-init');
      t.notMatch(event.description, '\u001b');
    }
  }
  const make = eventMaker(() => 'warning');
  t.match(log.map(entry => make(entry, 1)).at(-2), {
    code: 'DISK_NOT_FOUND',
    description: 'DISK_NOT_FOUND: choosing a disk: there is none; next: add one',
  });
  const long = make({ event: 'warning', text: 'x'.repeat(10_000) }, 1);
  t.equal(long?.description.length, 2000, 'a description is bounded');
});

t.test('the last event', async t => {
  const words = {
    ...({ result: 'SUCCESS', description: 'installed', duration: 123.4, hostName: 'web-01.example.org' } as const),
    ...{ publicKeys: { ed25519: 'ssh-ed25519 AAAA\n' }, fingerprints: ['SHA256:x (ED25519)'], addresses: ['192.0.2.7/24'] },
    runtimeInfo: { version: 1, hostName: 'web-01' },
  }; // prettier-ignore
  const machine = { hostname: 'web-01', serial: 'S1', uuid: 'u', macs: [] };
  t.match(lastEvent(words, machine, 5), {
    ...{ name: 'dabei', event_type: 'finish', result: 'SUCCESS', duration: 123, timestamp: 5 },
    ...{
      hostname: 'web-01',
      fqdn: 'web-01.example.org',
      instance_id: 'u',
      pub_key_ed25519: 'ssh-ed25519 AAAA',
    },
    ...{ host_keys: ['SHA256:x (ED25519)'], runtime_info: { hostName: 'web-01' } },
  });
  for (const runtimeInfo of [null, { routes: 'x'.repeat(2 ** 20) }])
    t.notOk('runtime_info' in lastEvent({ ...words, runtimeInfo }, machine, 5));
});
