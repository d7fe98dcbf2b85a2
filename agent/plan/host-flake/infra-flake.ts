import type { RuntimeInfo } from './runtime-info.ts';
import { fillIn, modules, templates } from './templates.ts';

/** A file of the infrastructure flake. */
export interface InfraFile {
  /** Below the flake's directory. */
  path: string;
  content: string;
  /** Written once, then its owner's. */
  owners: boolean;
}

/**
 * One flake for many machines: the modules once, below dabei/, and for each machine its facts, below hosts/NAME/.
 */
export function infraFlake(hosts: readonly Pick<RuntimeInfo, 'hostName' | 'stateVersion'>[]): InfraFile[] {
  const { infra, infraCommon, infraHost } = templates;
  const ours = (path: string, content: string) => ({ path, content, owners: false });
  const owners = (path: string, content: string) => ({ path, content, owners: true });
  return [
    owners('flake.nix', infra),
    owners('common.nix', infraCommon),
    ...Object.entries(modules).map(([name, text]) => ours(`dabei/${name}`, text)),
    ...hosts.flatMap(host => [
      ours(`hosts/${host.hostName}/runtime-info.json`, `${JSON.stringify(host, null, 2)}\n`),
      owners(
        `hosts/${host.hostName}/default.nix`,
        fillIn(infraHost, { hostName: host.hostName, stateVersion: host.stateVersion }),
      ),
    ]),
  ];
}
