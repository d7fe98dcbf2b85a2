import { azure } from './azure.ts';
import { digitalOcean, upCloud } from './digitalocean.ts';
import { ec2 } from './ec2.ts';
import { gce } from './gce.ts';
import { hetzner } from './hetzner.ts';
import { linode } from './linode.ts';
import { openStack } from './openstack.ts';
import { oracle } from './oracle.ts';
import { scaleway } from './scaleway.ts';
import type { MetadataSource } from './source.ts';
import { vultr } from './vultr.ts';

/** Every provider whose metadata dabei knows, one file each. */
export const metadataSources: readonly MetadataSource[] = [
  ...[azure, digitalOcean, ec2, gce, hetzner, linode, openStack, oracle, scaleway, upCloud, vultr],
];
