import type { InterfaceInput, NetworkInput } from '../../../agent/config/schema.ts';

/**
 * A machine's network, made by commands in a network namespace of one virtual machine, and what the model makes of it.
 * The real output of `ip` is kept in test/fixtures/network-worlds.json: unit tests read it there, and the world
 * "network-model" makes each again, captures it, restores it from the model and captures it a second time.
 */
export interface NetworkWorld {
  name: string;
  /** Kernel modules that the image does not have (kernel-config/test-only.config). */
  modules?: readonly string[];
  /** Shell commands in the namespace, where the loopback interface is up and the cards are eth1, eth2, …, all down. */
  setup: readonly string[];
  /** Captured beside what `ip` prints: "resolv.conf", "leases/networkd/2", …; IFINDEX(eth1) stands for that number. */
  files?: Readonly<Record<string, string>>;
  /** Keys that an older `ip` or kernel does not print. */
  without?: readonly string[];
  /** Router advertisements are accepted, and there are some. */
  advertised?: true;
  expect: {
    interfaces: InterfaceInput[];
    routes?: NetworkInput['routes'];
    rules?: NetworkInput['rules'];
    dns?: NetworkInput['dns'];
    warnings?: readonly RegExp[];
    /** "docker0: has no hardware in it" */
    leftOut?: readonly RegExp[];
  };
}

/** eth1 to eth4 are told apart by their addresses, eth5 and eth6 are not. */
export function mac(card: number): string {
  return card >= 5 ? '52:54:00:da:be:ff' : `52:54:00:da:be:0${card + 1}`;
}

export function card(number: number, more: Partial<InterfaceInput> = {}): InterfaceInput {
  return { name: `eth${number}`, mac: mac(number), ...more };
}

export const up = (...cards: number[]) => cards.map(number => `ip link set eth${number} up`);

/** The address and the default route of most worlds, as the model has them and as commands make them on `link`. */
export const address = { addresses: ['192.0.2.7/24'] };
export const gateway = { routes: [{ destination: 'default', gateway: '192.0.2.1' }] };
export const addressOn = (link: string) => [
  `ip address add 192.0.2.7/24 dev ${link}`,
  'ip route add default via 192.0.2.1',
];
