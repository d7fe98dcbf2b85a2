import { addressWorlds } from './addresses.ts';
import { learntWorlds } from './learnt.ts';
import { linkWorlds } from './links.ts';
import { routeWorlds } from './routes.ts';
import type { NetworkWorld } from './world.ts';

export const networkWorldList: readonly NetworkWorld[] = [
  ...addressWorlds,
  ...linkWorlds,
  ...routeWorlds,
  ...learntWorlds,
];
