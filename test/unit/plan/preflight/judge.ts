import { configSchema, type Config, type ConfigInput } from '../../../../agent/config/schema.ts';
import { preflight } from '../../../../agent/plan/preflight/preflight.ts';
import type { NewSystem, OldSystem } from '../../../../agent/plan/preflight/systems.ts';
import { debian, image } from '../../../fixtures/old-system.ts';

export const config = (disks: ConfigInput['disks']): Config => configSchema.parse({ disks, system: {} });
export const wholeRoot = config({ devices: ['/dev/vda'], wipe: true, key: '12345678' });

export interface Case {
  old?: Partial<OldSystem>;
  image?: Partial<NewSystem>;
  config?: Config | null;
  installs?: boolean;
  defaultRoutes?: number;
}

export const judge = (row: Case) =>
  preflight(
    row.config === undefined ? wholeRoot : row.config,
    row.installs ?? true,
    { ...debian, ...row.old },
    { ...image, ...row.image },
    row.defaultRoutes ?? 1,
  );
