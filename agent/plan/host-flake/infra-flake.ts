import type { RuntimeInfo } from './runtime-info.ts';
import { fillIn, modules, templates } from './templates.ts';

/** A file of the infrastructure flake. */
export interface InfraFile {
  /** Relative to the flake's directory. */
  path: string;
  content: string;
  /** The owner may change the file, so dabei writes it only once. */
  owners: boolean;
}

/** One flake for many machines: the shared modules below dabei/, and each machine's facts below hosts/NAME/. */
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
