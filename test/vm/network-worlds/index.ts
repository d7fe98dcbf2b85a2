import { addressWorlds } from './address-kinds.ts';
import { bondWorlds } from './bonds.ts';
import { bridgeWorlds } from './bridges.ts';
import { cardWorlds } from './cards.ts';
import { guestWorlds } from './guests.ts';
import { learntWorlds } from './learnt.ts';
import { routeWorlds } from './routes.ts';
import { ruleWorlds } from './rules.ts';
import type { NetworkWorld } from './world.ts';

export const networkWorldList: readonly NetworkWorld[] = [
  ...addressWorlds,
  ...cardWorlds,
  ...bondWorlds,
  ...bridgeWorlds,
  ...guestWorlds,
  ...ruleWorlds,
  ...routeWorlds,
  ...learntWorlds,
];
