/** How long the network stage waits for what, in seconds. The only place of these numbers. */
export const limits = {
  /** For udev to load a driver and for a bus to be scanned. */
  link: 10,
  /** Copper at 10 Gbit/s takes some 5 s to agree on a speed. */
  carrier: 8,
  /** For a second carrier, which would leave open what "the only interface with carrier" means. */
  otherCarriers: 2,
  gateway: 20,
  /** Once more, after DHCP was of no use either. */
  lateGateway: 3,
  address: 30,
  /** For a DHCP lease to come after a router's answer, within `address`: much of the Internet has no IPv6 yet. */
  leaseAfterRa: 5,
  /** For the gateway that DHCP or a router named; only a warning depends on it. */
  learntGateway: 5,
} as const;

/**
 * The longest way through `bringUpNetwork`: no configured gateway answers, nobody offers an address, bonds are taken
 * apart, and then somebody does whose gateway is silent.
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

/** From the start of the kernel to that of the network stage, on a slow disk with many devices. */
const bootSeconds = 20;

/** Seconds of uptime after which sshd starts without the agent: /usr/lib/dabei/sshd has this number. */
export const sshdGuardSeconds = longestSeconds + bootSeconds;
