import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Call, Value } from '../../../../agent/bus/wire.ts';
import type { BusReply } from '../../../../agent/host/bus.ts';
import { doorsTo, type World } from '../../../support/doors.ts';

/** A machine whose iwd answers as told. */

export interface Radio {
  /** SSID -> type, and what Connect answers; null joins. A list is what it answers one after the other, and then it joins. */
  networks: Readonly<Record<string, { type?: string; answer?: string | null | readonly string[] }>>;
  /** null: no card. */
  state?: string | null;
  /** Lines that iwd writes when it refuses. */
  log?: string;
  /** false: iwd ends. */
  isOwned?: boolean;
}

const station = '/net/connman/iwd/0/3';

/** @param open opens the doors of the machine */
export function iwdOf(
  t: Test,
  { networks, state = 'disconnected', log = '', isOwned = true }: Radio,
  open = (world: World) => doorsTo(join(t.testdir({ machine: {} }), 'machine'), world),
) {
  let joined: string | null = null;
  let tries = 0;
  const calls: string[] = [];
  const pathOf = (ssid: string) => `${station}/${Buffer.from(ssid).toString('hex')}_psk`;
  const objects = (): Value => {
    const now = joined === null ? (state ?? '') : 'connected';
    const card = new Map<Value, Value>([
      ['net.connman.iwd.Device', new Map([['Name', 'wlan0']])],
      ['net.connman.iwd.Station', new Map<Value, Value>([['State', now], ['Scanning', false], ...(joined === null ? [] : [['ConnectedNetwork', pathOf(joined)] as const])])],
    ]); // prettier-ignore
    const seen = Object.entries(networks).map(([ssid, { type = 'psk' }]): [Value, Value] => [
      pathOf(ssid),
      new Map([['net.connman.iwd.Network', new Map([['Name', ssid], ['Type', type], ['Device', station]])]]),
    ]); // prettier-ignore
    return new Map<Value, Value>(state === null ? [] : [[station, card], ...seen]);
  };
  const callBus = async ({ member, path }: Call): Promise<BusReply> => {
    calls.push(member);
    if (member === 'NameHasOwner') return { values: [isOwned] };
    if (member === 'GetManagedObjects') return { values: [objects()] };
    if (member !== 'Connect') return { values: [] };
    const [ssid = '', { answer = null } = {}] =
      Object.entries(networks).find(([name]) => pathOf(name) === path) ?? [];
    appendFileSync(join(doors.root, 'var/log/iwd.log'), log);
    const given = answer === null || typeof answer === 'string' ? answer : (answer[tries++] ?? null);
    if (given !== null) return { error: given, text: 'Operation failed' };
    joined = ssid;
    return { values: [] };
  };
  const doors = open({
    programs: {
      '/usr/libexec/iwd': '',
      '/usr/lib/dabei/respawn': [
        'case $1 in */dbus-daemon) : > $ROOT/run/dbus/system_bus_socket ;; esac',
        ...(isOwned ? [] : ['echo "nix-dabei: $1 has ended (1), and is started again in 1 s"']),
        'sleep 5',
      ].join('\n'),
      busybox: 'rm $ROOT/proc/$2/cmdline',
    },
    files: { '/run/dbus/system_bus_socket': '' },
    network: { callBus },
  });
  return { doors, calls };
}
