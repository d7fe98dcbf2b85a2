import { at, parseAnswer, textAt } from './answers.ts';
import { openStackNetwork } from './openstack-network.ts';
import type { Answers, MetadataSource } from './source.ts';
import type { Reading } from './learnt.ts';

/**
 * OpenStack (Nova, "Metadata"), which OVH, Infomaniak, Open Telekom Cloud, Huawei and many others run. A config drive has the same
 * files (agent/config/sources/seed/).
 */
export const openStack: MetadataSource = {
  name: 'OpenStack',
  signs: [
    { product_name: /^OpenStack (Nova|Compute)$/ },
    { chassis_asset_tag: /^(OpenTelekomCloud|HUAWEICLOUD|SAP CCloud VM|OpenStack Nova|OpenStack Compute)$/ },
  ],
  origins: ['http://169.254.169.254'],
  linkLocal: 'fe80::a9fe:a9fe',
  questions: {
    metadata: '/openstack/latest/meta_data.json',
    network: '/openstack/latest/network_data.json',
    userData: '/openstack/latest/user_data',
  },
  gives: ['hostName', 'rootAuthorizedKeys', 'network'],
  decode: readOpenStack,
};

export function readOpenStack({ metadata, network, userData }: Answers): Reading {
  const notes: string[] = [];
  const value = parseAnswer(metadata, 'JSON', 'meta_data.json', notes);
  const keys = at(value, 'public_keys');
  const meta = at(value, 'meta');
  return {
    hostName: textAt(value, 'hostname') ?? textAt(meta, 'hostname') ?? at(value, 'name'),
    keys: typeof keys === 'object' && keys !== null ? Object.values(keys) : keys,
    network: openStackNetwork(parseAnswer(network, 'JSON', 'network_data.json', notes), notes),
    userData,
    notes,
  };
}
