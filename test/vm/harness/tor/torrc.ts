/** torrc of a private network (tor(1), "TESTING NETWORK OPTIONS"). Pure. */

export interface Node {
  name: string;
  address: string;
  isAuthority: boolean;
}

/** Seconds; tor(1) has the least values of test networks. An emulated guest must not find each consensus out of date. */
const voting = { first: 10, interval: 60, delay: 2 } as const;
const [orPort, directoryPort] = [5000, 7000];

/** Of everybody in the network: relays that know each other for seconds are used for everything. */
const common = [
  'TestingTorNetwork 1',
  'PathsNeededToBuildCircuits 0.25',
  'EnforceDistinctSubnets 0',
  'ShutdownWaitLength 0',
];

/** @param identity of its certificate @param fingerprint of its relay */
export function authorityLine({ name, address }: Node, identity: string, fingerprint: string): string {
  return `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${identity} ${address}:${directoryPort} ${fingerprint}\n`;
}

export function clientLines(authorities: string): string {
  return `${common.join('\n')}\n${authorities}`;
}

export function nodeLines({ name, address, isAuthority }: Node, directory: string, authorities: string): string {
  const votes = [
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    `TestingV3AuthInitialVotingInterval ${voting.first}`,
    `TestingV3AuthInitialVoteDelay ${voting.delay}`,
    `TestingV3AuthInitialDistDelay ${voting.delay}`,
    `V3AuthVotingInterval ${voting.interval}`,
    `V3AuthVoteDelay ${voting.delay}`,
    `V3AuthDistDelay ${voting.delay}`,
    'V3AuthNIntervalsValid 3',
    'TestingMinExitFlagThreshold 0',
    ...['Exit', 'HSDir', 'Guard'].map(flag => `TestingDirAuthVote${flag} *`),
  ];
  const lines = [
    `Nickname ${name}`,
    `Address ${address}`,
    `ORPort ${address}:${orPort}`,
    `DirPort ${address}:${directoryPort}`,
    `OutboundBindAddress ${address}`,
    'AssumeReachable 1',
    // A client wants a circuit that could leave the network; there is nothing outside of it.
    ...(isAuthority ? ['ExitPolicy reject *:*'] : ['ExitRelay 1', 'ExitPolicy accept *:*']),
    'SocksPort 0',
    `DataDirectory ${directory}`,
    `Log notice file ${directory}/log`,
    'ContactInfo test@example.org',
    ...(isAuthority ? votes : []),
  ];
  return `${clientLines(authorities)}${lines.join('\n')}\n`;
} // prettier-ignore
