import { unlockIn } from '../../../support/unlock.ts';

unlockIn('dash', ['dash']);
