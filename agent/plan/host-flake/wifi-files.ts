import { cleanLine } from '../../clean-text.ts';
import type { NetworkConfig } from '../../config/schema.ts';
import { iwdFiles, iwdState } from '../network/iwd.ts';
import type { Step } from '../step.ts';
import { targetRoot } from '../target.ts';

/**
 * Wireless networks of the installed system: files that only root can read, outside of the Nix store and of /etc/nixos. With impermanence,
 * /var/lib is among the directories that are kept.
 */
export function planWifiFiles({ wifi = [] }: Pick<NetworkConfig, 'wifi'>): Step[] {
  if (wifi.length === 0) return [];
  const directory = `${targetRoot}${iwdState}`;
  return [
    {
      kind: 'run',
      doing: 'making the directory for wireless networks',
      argv: ['mkdir', '-p', '-m', '0700', directory],
      timeoutSeconds: 10,
    },
    ...iwdFiles(wifi).map(({ name, content }) => ({
      kind: 'write' as const,
      doing: `writing the wireless network ${name}`,
      path: `${directory}/${name}`,
      mode: 0o600,
      content,
    })),
  ];
}

/** For people, before the installation: the names. */
export function describeWifi({ wifi = [] }: Pick<NetworkConfig, 'wifi'>): string[] {
  const names = wifi.map(({ ssid }) => JSON.stringify(cleanLine(ssid, 64)));
  return names.length === 0 ? [] : [`wireless networks of the installed system: ${names.join(', ')}`];
}
