import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { formatProblem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { resolveWithoutFail } from '../../../agent/config/without-fail.ts';
import { DabeiError } from '../../../agent/errors.ts';
import { readAppendedFiles } from '../../../agent/host/old-system/appended.ts';

const fails = (thrown: unknown) => () => {
  throw thrown;
};
const file = new DabeiError('FILE', { doing: 'reading /ssh', problem: 'EIO', remedy: 'look at the medium' });
const network = { interfaces: [{ name: 'eth0', dhcp: true }] };
const captured = () =>
  resolveConfiguration({ commandLine: '', files: [], captured: { value: { network }, notes: [] } });

t.test('boot always has a configuration to bring up a network with', async t => {
  const rows: [name: string, attempts: (() => ReturnType<typeof captured>)[], interfaces: number, problems: string[]][] = [
    ['the first way', [captured, fails(file)], 1, []],
    ['the second one', [fails(file), captured], 1, ['dabei: EIO']],
    ['none', [fails(file), fails(new RangeError('Maximum call stack size exceeded'))], 0, ['dabei: EIO', 'dabei: Maximum call stack size exceeded']],
    ['something that is no error', [fails('text')], 0, ['dabei: text']],
  ]; // prettier-ignore
  for (const [name, attempts, interfaces, problems] of rows) {
    const resolution = resolveWithoutFail(attempts);
    t.equal(resolution.reachability.network.interfaces.length, interfaces, name);
    t.same(resolution.problems.map(formatProblem), problems, name);
    t.equal(resolution.mode, 'rescue', name);
    t.equal(resolution.config === null, problems.length > 0, name);
  }
  t.match(resolveWithoutFail([fails(file)]).problems, [{ code: 'FILE', remedy: 'look at the medium' }]);
});

t.test('appended files that cannot be read are problems like others', async t => {
  const worlds: [name: string, make: (path: string) => void, code: string, told: RegExp][] = [
    ['a directory', path => mkdirSync(path), 'FILE', /^\/dabei\.json: EISDIR/],
    ['a link to itself', path => symlinkSync(path, path), 'FILE', /^\/dabei\.json: ELOOP/],
    ['3 GiB', path => { writeFileSync(path, '{'); truncateSync(path, 3 * 2 ** 30); }, 'CONFIG_TOO_LARGE', /^\/dabei\.json: it is larger than 1048576 bytes/],
    ['nothing', path => writeFileSync(path, ''), 'CONFIG_JSON', /^\/dabei\.json:1:1: it is empty/],
    ['NUL', path => writeFileSync(path, Buffer.alloc(4096)), 'CONFIG_JSON', /^\/dabei\.json:1:1: /],
  ]; // prettier-ignore
  for (const [name, make, code, told] of worlds) {
    const directory = t.testdir({ dabei: { 'options.json': JSON.stringify({ network, hostName: 'web' }) } });
    make(`${directory}/dabei.json`);
    const { problems, reachability } = resolveConfiguration({
      commandLine: '',
      files: readAppendedFiles(realDoors, directory),
    });
    t.match(problems, [{ code }], name);
    t.match(formatProblem(problems[0]!), told, name);
    t.match(reachability, { hostName: 'web', network }, `${name}: the other file counts`);
  }
});
