import { existsSync, readdirSync } from 'node:fs';
import { shell, underEachShell } from './shells.ts';

underEachShell('the server that is really asked', (t, argv) => {
  const rows: [string, boolean][] = [
    ['nameserver 192.0.2.53\n', true],
    ['# comment\nnameserver 127.0.0.53\noptions edns0\nnameserver ::1', false],
    ['nameserver 127.0.0.1\nnameserver 2001:db8::53\n', true],
    ['search example\n', false],
  ];
  for (const [text, expected] of rows) {
    const directory = t.testdir({ 'resolv.conf': text });
    t.equal(shell(argv, `names_servers ${directory}/resolv.conf`).status === 0, expected, text);
  }
});

underEachShell('for which interfaces udhcpc is at work', (t, argv) => {
  const rows: [argv: string, found: string[]][] = [
    ['udhcpc -b -R -p /var/run/udhcpc.eth1.pid -i eth1 -x hostname:a', ['eth1']],
    ['udhcpc --interface=wan0.5 -q', ['wan0.5']],
    ['udhcpc -ieth2', ['eth2']],
    ['udhcpc -b', ['eth0']],
    ['udhcpc -i ../../secret', []],
    ['sleep -i eth1', []],
  ];
  for (const [line, found] of rows) {
    const words = line.split(' ');
    const process = (net: string) => ({
      comm: `${words[0]}\n`,
      cmdline: `${words.join('\0')}\0`,
      ns: { net: t.fixture('symlink', net) },
    });
    const proc = (net: string) => ({
      self: { ns: { net: t.fixture('symlink', 'net:[1]') } },
      '12': process(net),
    });
    const directory = t.testdir({ own: proc('net:[1]'), container: proc('net:[2]'), leases: {} });
    const leases = (kind: string) => {
      const { stderr } = shell(argv, `udhcpc_leases ${directory}/leases/${kind} ${directory}/${kind}`);
      t.equal(stderr, '');
      return existsSync(`${directory}/leases/${kind}`) ? readdirSync(`${directory}/leases/${kind}`) : [];
    };
    t.same(leases('own'), found, line);
    t.same(leases('container'), [], `${line}, in a container`);
  }
});
