/**
 * Whether the image can drive a device of the running system: by the aliases of its modules, or, for drivers that are
 * built in, by the driver's name.
 */

/** A device on the way from a disk or a network interface to its bus. */
export interface BusDevice {
  /** Below /sys/devices, for people. */
  path: string;
  /** By which udev finds a module: "pci:v00008086d000010D3sv…". */
  modalias: string;
  /** Driver that handles it now; null where none does. */
  driver: string | null;
  /** That driver's module, also where it is built in; null where sysfs does not say. */
  module: string | null;
}

/** Drivers that a kernel has. Names of modules are written with underscores. */
export interface ModuleIndex {
  release: string;
  /** Patterns of modules.alias and modules.builtin.modinfo, in the order of the files. */
  aliases: readonly Alias[];
  /** Everything in modules.builtin and modules.dep. */
  names: ReadonlySet<string>;
}

export interface Alias {
  /** With *, ? and [...], as fnmatch(3) takes it. */
  pattern: string;
  module: string;
}

/**
 * Lines "alias PATTERN MODULE" (modules.alias of depmod(8)).
 */
export function parseAliases(text: string): Alias[] {
  return [...text.matchAll(/^alias (\S+) (\S+)$/gm)].map(([, pattern, module]) => ({
    pattern: pattern!,
    module: moduleName(module!),
  }));
}

/** Entries "MODULE.alias=PATTERN", each ended by a NUL (Documentation/kbuild/kbuild.rst, modules.builtin.modinfo). */
export function parseBuiltinAliases(text: string): Alias[] {
  return text.split('\0').flatMap(entry => {
    const [, module, pattern] = /^([^.]+)\.alias=(.+)$/s.exec(entry) ?? [];
    return module === undefined ? [] : [{ pattern: pattern!, module: moduleName(module) }];
  });
}

/** The modules of modules.builtin or modules.dep: one path at the beginning of each line. */
export function parseModulePaths(text: string): string[] {
  return text.split('\n').flatMap(line => {
    const [, name] = /([^/]+)\.ko(\.\w+)?(:|$)/.exec(line.split(' ')[0]!) ?? [];
    return name === undefined ? [] : [moduleName(name)];
  });
}

export function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** Modules whose aliases match, each once. */
export function modulesFor(modalias: string, { aliases }: ModuleIndex): string[] {
  const found = aliases.filter(({ pattern }) => matchesPattern(pattern, modalias));
  return [...new Set(found.map(({ module }) => module))];
}

/** fnmatch(3) without flags, which is how kmod and udev compare. */
export function matchesPattern(pattern: string, text: string): boolean {
  const literal = /^[^*?[\\]*/.exec(pattern)![0];
  if (!text.startsWith(literal)) return false;
  const rest = pattern.slice(literal.length);
  const expression = rest.replace(/\[!?[^\]]*\]|[\s\S]/g, part => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${expression}$`, 's').test(text.slice(literal.length));
}

/**
 * Bridges between buses, which every kernel has, and no module says so. Of what ACPI knows, most has no driver; what has one
 * may be the controller itself, as that of many eMMC is (sdhci-acpi).
 */
const busDrivers = new Set(['pcieport', 'shpchp', 'usb', 'hub', 'vmbus', 'hv_vmbus']);
const busDevices = /^pci:.*bc06/;

/** Drivers whose module has another name, for kernels that have it built in and so do not tell it. */
const moduleOfDriver: Readonly<Record<string, string>> = {
  sd: 'sd_mod',
  sr: 'sr_mod',
  vbd: 'xen_blkfront',
  vif: 'xen_netfront',
  vmbus: 'hv_vmbus',
  xhci_hcd: 'xhci_pci',
};

/** What the module of a device may be called, likeliest first. */
function namesOf({ module, driver }: BusDevice): string[] {
  const names = [module, driver === null ? null : moduleOfDriver[driver], driver];
  return names.flatMap(name => (name ? [moduleName(name)] : []));
}

/**
 * The modules that drive these devices now, each once; another kernel's may be called the same. sysfs names the module
 * of a driver only where it was loaded: of one that is built in, the device's modalias tells it.
 */
export function modulesInUse(devices: readonly BusDevice[], index: ModuleIndex): string[] {
  const modules = devices.flatMap(device => {
    if (device.driver === null || busDrivers.has(device.driver) || busDevices.test(device.modalias))
      return [];
    if (device.module !== null) return [moduleName(device.module)];
    const possible = modulesFor(device.modalias, index);
    const names = namesOf(device);
    const own = names.find(name => possible.includes(name));
    return own !== undefined ? [own] : possible.length > 0 ? possible : names.slice(0, 1);
  });
  return [...new Set(modules)];
}

export interface Verdict {
  /** Devices that nothing in the image drives. */
  missing: BusDevice[];
  /** Modules that will be loaded for the others. */
  modules: string[];
}

/** @param devices from the disk or interface to its bus */
export function judgeDrivers(devices: readonly BusDevice[], index: ModuleIndex): Verdict {
  const verdict: Verdict = { missing: [], modules: [] };
  for (const device of devices) {
    const { modalias, driver } = device;
    // What nothing drives now is not needed.
    if (driver === null || busDrivers.has(driver) || busDevices.test(modalias)) continue;
    const modules = modulesFor(modalias, index);
    const byName = namesOf(device).find(name => index.names.has(name));
    if (modules.length > 0) verdict.modules.push(...modules);
    else if (byName !== undefined) verdict.modules.push(byName);
    else verdict.missing.push(device);
  }
  return verdict;
}
