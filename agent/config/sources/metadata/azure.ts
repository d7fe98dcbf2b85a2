import { listAt, parseAnswer, perhapsBase64, textAt } from './answers.ts';
import type { MetadataSource } from './source.ts';

/**
 * Microsoft Azure (Microsoft, "Azure Instance Metadata Service"). dabei does not report to the fabric (168.63.129.16) that the machine
 * is provisioned: the installed system's agent does. Addresses come by DHCP.
 */
export const azure: MetadataSource = {
  name: 'Azure',
  signs: [{ chassis_asset_tag: /^7783-7084-3265-9085-8269-3286-77$/ }],
  origins: ['http://169.254.169.254'],
  headers: { metadata: 'true' },
  questions: { instance: '/metadata/instance?api-version=2021-08-01&extended=true' },
  notYet: [404, 410],
  gives: ['hostName', 'rootAuthorizedKeys'],
  decode: ({ instance }) => {
    const notes: string[] = [];
    const compute = parseAnswer(instance, 'JSON', 'the answer', notes);
    const userData = textAt(compute, 'compute', 'userData');
    return {
      hostName: textAt(compute, 'compute', 'osProfile', 'computerName') ?? textAt(compute, 'compute', 'name'),
      keys: listAt(compute, 'compute', 'publicKeys').map(key => textAt(key, 'keyData')?.replace(/[\r\n]+/g, '')),
      userData: userData === undefined ? null : perhapsBase64(Buffer.from(userData)),
      notes,
    };
  },
}; // prettier-ignore
