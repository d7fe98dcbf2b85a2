/**
 * How long each step of a build takes on two idle cores, as an order of magnitude: the kernel was measured there; for
 * the others, this is two fifths of what they took beside other work (docs/performance/speed.md). This is a forecast
 * only: the progress lines correct it by the machine's actual speed. The names are those of the steps in the cache.
 */
export interface Cost {
  cpuSeconds: number;
  /**
   * How many cores it keeps busy, if the machine has as many; 1 means that it mostly runs one program after another.
   */
  cores: number;
}

const all = Infinity;

export const costs: Readonly<Record<string, Cost>> = {
  toolchain: { cpuSeconds: 45, cores: 1 },
  packages: { cpuSeconds: 30, cores: 1 },
  sources: { cpuSeconds: 5, cores: 1 },
  kernel: { cpuSeconds: 1560, cores: all },
  icu: { cpuSeconds: 3, cores: 1 },
  'library-tools': { cpuSeconds: 50, cores: 1 },
  'media-tools': { cpuSeconds: 7, cores: 1 },
  // For another architecture (docs/building.md).
  'cross-toolchain': { cpuSeconds: 60, cores: 1 },
  'cross-library-tools': { cpuSeconds: 60, cores: 1 },
  sysroot: { cpuSeconds: 5, cores: 1 },
  emulator: { cpuSeconds: 7, cores: 1 },
  'loader-modules': { cpuSeconds: 1, cores: 1 },
  stubs: { cpuSeconds: 1, cores: 1 },
  curl: { cpuSeconds: 70, cores: 1.5 },
  libgit2: { cpuSeconds: 45, cores: all },
  libarchive: { cpuSeconds: 70, cores: 1.5 },
  libtirpc: { cpuSeconds: 30, cores: 1.5 },
  libonig: { cpuSeconds: 8, cores: all },
  openssh: { cpuSeconds: 95, cores: 1.5 },
  'kexec-tools': { cpuSeconds: 10, cores: 1.5 },
  iproute2: { cpuSeconds: 15, cores: all },
  installer: { cpuSeconds: 1, cores: 1 },
  agent: { cpuSeconds: 10, cores: 1 },
  image: { cpuSeconds: 150, cores: all },
  'static-kexec': { cpuSeconds: 10, cores: 1.5 },
  'static-ip': { cpuSeconds: 15, cores: all },
  'dabei-image': { cpuSeconds: 1, cores: 1 },
  bundle: { cpuSeconds: 8, cores: 1 },
  iso: { cpuSeconds: 2, cores: 1 },
  raw: { cpuSeconds: 2, cores: 1 },
};
