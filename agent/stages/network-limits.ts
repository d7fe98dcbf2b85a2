/**
 * Time limits of the network stage, in seconds. Later checks of gateways have their own, in agent/stages/gateways.ts.
 */
export const limits = {
  /** For udev to load a driver and for the driver to scan a bus. */
  link: 10,
  /** Copper at 10 Gbit/s takes about 5 s to negotiate a speed. */
  carrier: 8,
  /** For a second carrier, which would make "the only interface with carrier" ambiguous. */
  otherCarriers: 2,
  gateway: 20,
  /** For another attempt after DHCP has failed, too. */
  lateGateway: 3,
  address: 30,
  /** For a DHCP lease that arrives after a router's answer, within `address`: much of the Internet has no IPv6 yet. */
  leaseAfterRa: 5,
  /** For the gateway that DHCP or a router named; only a warning depends on it. */
  learntGateway: 5,
  /**
   * For joining a wireless network, before everything else: two scans of all channels, and a handshake. Not in `longestSeconds`: where
   * nothing else works, either, sshd may start without the agent.
   */
  wifi: 30,
  /** For the message bus to begin, for iwd to end, and for its cards to be listed. */
  wifiStart: 20,
  /**
   * For iwd to answer. It asks the kernel for some forty hashes and ciphers, of which many are in no module, and the kernel starts modprobe
   * twice for each (crypto/api.c): more than 20 s on a busy emulated processor.
   */
  iwdStart: 60,
  /** For a driver to read its firmware and to register a card, within `wifi`. */
  wifiCard: 10,
  /** For one attempt to join, within `wifi`. */
  wifiHandshake: 15,
  busCall: 5,
  /** Of all channels, for a person who waits for the list. */
  wifiScan: 15,
} as const;

/**
 * The longest duration of `bringUpNetwork`: no configured gateway answers, no server offers an address, dabei takes bonds apart,
 * and then a server offers an address whose gateway is silent.
 */
export const longestSeconds =
  limits.link +
  limits.carrier +
  limits.otherCarriers +
  limits.gateway +
  limits.address +
  limits.lateGateway +
  limits.address +
  limits.learntGateway +
  limits.lateGateway;

/** From the start of the kernel to the start of the network stage, on a slow disk with many devices. */
const bootSeconds = 20;

/** Seconds of uptime after which sshd starts without the agent: /usr/lib/dabei/sshd has this number. */
export const sshdGuardSeconds = longestSeconds + bootSeconds;
