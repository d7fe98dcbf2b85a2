/**
 * What each step of a build took on two cores that did little else (docs/performance/speed.md); for another architecture, an order of
 * magnitude. This is a forecast only: the progress lines correct it by the machine's actual speed. The names are those of the steps in
 * the cache.
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
  toolchain: { cpuSeconds: 20, cores: 1 },
  packages: { cpuSeconds: 24, cores: 1 },
  sources: { cpuSeconds: 1, cores: 1 },
  kernel: { cpuSeconds: 1835, cores: all },
  icu: { cpuSeconds: 1, cores: 1 },
  'library-tools': { cpuSeconds: 26, cores: 1 },
  'media-tools': { cpuSeconds: 6, cores: 1 },
  // For another architecture (docs/building.md).
  'cross-toolchain': { cpuSeconds: 60, cores: 1 },
  'cross-library-tools': { cpuSeconds: 60, cores: 1 },
  sysroot: { cpuSeconds: 5, cores: 1 },
  emulator: { cpuSeconds: 7, cores: 1 },
  'loader-modules': { cpuSeconds: 1, cores: 1 },
  stubs: { cpuSeconds: 1, cores: 1 },
  curl: { cpuSeconds: 66, cores: 1.5 },
  libgit2: { cpuSeconds: 40, cores: all },
  libarchive: { cpuSeconds: 43, cores: 1.5 },
  libtirpc: { cpuSeconds: 11, cores: 1.5 },
  libonig: { cpuSeconds: 7, cores: all },
  openssh: { cpuSeconds: 61, cores: 1.5 },
  'kexec-tools': { cpuSeconds: 6, cores: 1.5 },
  iproute2: { cpuSeconds: 14, cores: all },
  installer: { cpuSeconds: 1, cores: 1 },
  agent: { cpuSeconds: 2, cores: 1 },
  image: { cpuSeconds: 101, cores: all },
  // For a variant alone (docs/system/wifi.md).
  'wireless-drivers': { cpuSeconds: 260, cores: all },
  'firmware-wifi-initrd': { cpuSeconds: 42, cores: 1 },
  'firmware-wifi-intel-initrd': { cpuSeconds: 20, cores: 1 },
  'static-kexec': { cpuSeconds: 6, cores: 1.5 },
  'static-ip': { cpuSeconds: 17, cores: all },
  'dabei-image': { cpuSeconds: 1, cores: 1 },
  bundle: { cpuSeconds: 1, cores: 1 },
  iso: { cpuSeconds: 1, cores: 1 },
  raw: { cpuSeconds: 1, cores: 1 },
};
