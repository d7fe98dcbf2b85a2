import { unlockIn } from '../../../support/unlock.ts';

unlockIn('bash', ['bash', '--posix']);
