import type { Value } from '../../bus/wire.ts';

/** What iwd says of cards and networks, as objects on the message bus (doc/*-api.txt of iwd). Pure. */

export interface Station {
  /** On the bus. */
  path: string;
  /** Name of the network interface. */
  link: string;
  /** "connected", "disconnected", "connecting", "disconnecting" or "roaming". */
  state: string;
  isScanning: boolean;
  /** Path of the network that it is joined to. */
  network: string | null;
}

export interface SeenNetwork {
  path: string;
  /** Path of the station that sees it. */
  station: string;
  ssid: string;
  /** "psk" is WPA2 or WPA3 with a passphrase; "open", "wep", "8021x". */
  type: string;
}

export interface IwdObjects {
  stations: readonly Station[];
  networks: readonly SeenNetwork[];
}

/** @param objects the answer of GetManagedObjects: path -> interface -> property -> value */
export function iwdObjects(objects: Value | undefined): IwdObjects {
  const stations: Station[] = [];
  const networks: SeenNetwork[] = [];
  for (const [path, interfaces] of entriesOf(objects)) {
    const of = (name: string) => new Map(entriesOf(new Map(entriesOf(interfaces)).get(`net.connman.iwd.${name}`)));
    const [device, station, network] = [of('Device'), of('Station'), of('Network')];
    const text = (value: Value | undefined) => (typeof value === 'string' ? value : '');
    if (station.size > 0)
      stations.push({
        path: text(path),
        link: text(device.get('Name')),
        state: text(station.get('State')),
        isScanning: station.get('Scanning') === true,
        network: text(station.get('ConnectedNetwork')) || null,
      });
    if (network.size > 0)
      networks.push({
        path: text(path),
        station: text(network.get('Device')),
        ssid: text(network.get('Name')),
        type: text(network.get('Type')),
      });
  }
  return { stations, networks };
} // prettier-ignore

function entriesOf(value: Value | undefined): [Value, Value][] {
  return value instanceof Map ? [...(value as ReadonlyMap<Value, Value>)] : [];
}

/** The names of the networks that cards are joined to, with the name of the card. */
export function joinedNetworks({ stations, networks }: IwdObjects): { link: string; ssid: string }[] {
  return stations.flatMap(({ link, state, network }) => {
    const ssid = networks.find(({ path }) => path === network)?.ssid;
    return ssid !== undefined && (state === 'connected' || state === 'roaming') ? [{ link, ssid }] : [];
  });
}
