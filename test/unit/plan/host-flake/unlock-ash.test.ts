import { checkout } from '../../../../image/lib/host.ts';
import { unlockIn } from '../../../support/unlock.ts';

unlockIn('busybox ash', ['sh', checkout('test/fixtures/stage-1/ash.sh')]);
