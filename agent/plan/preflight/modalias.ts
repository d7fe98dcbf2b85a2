/**
 * Determines whether the image has a driver for a device of the running system: by the aliases of the image's modules, else by the
 * name of the driver in use.
 */

/** A device between a disk or a network interface and its bus. */
export interface BusDevice {
  /** Relative to /sys/devices; only for messages. */
  path: string;
  /** The name by which udev finds a module: "pci:v00008086d000010D3sv…". */
  modalias: string;
  /** Name of the driver in use; null if the device has none. */
  driver: string | null;
  /** Name of that driver's module, loaded or built in; null if sysfs does not show it. */
  module: string | null;
}

/** The drivers of a kernel. Names of modules have underscores instead of hyphens. */
export interface ModuleIndex {
  release: string;
  /** Patterns of modules.alias and modules.builtin.modinfo, in the order of the files. */
  aliases: readonly Alias[];
  /** All modules in modules.builtin and modules.dep. */
  names: ReadonlySet<string>;
}

export interface Alias {
  /** A pattern of fnmatch(3), with *, ? and [...]. */
  pattern: string;
  module: string;
}

/** Parses modules.alias (depmod(8)): lines "alias PATTERN MODULE". */
export function parseAliases(text: string): Alias[] {
  return [...text.matchAll(/^alias (\S+) (\S+)$/gm)].map(([, pattern, module]) => ({
    pattern: pattern!,
    module: moduleName(module!),
  }));
}

/**
 * Parses modules.builtin.modinfo (Documentation/kbuild/kbuild.rst): entries "MODULE.alias=PATTERN", each terminated by a NUL.
 */
export function parseBuiltinAliases(text: string): Alias[] {
  return text.split('\0').flatMap(entry => {
    const [, module, pattern] = /^([^.]+)\.alias=(.+)$/s.exec(entry) ?? [];
    return module === undefined ? [] : [{ pattern: pattern!, module: moduleName(module) }];
  });
}

/** Parses modules.builtin or modules.dep: each line starts with the path of a module. */
export function parseModulePaths(text: string): string[] {
  return text.split('\n').flatMap(line => {
    const [, name] = /([^/]+)\.ko(\.\w+)?(:|$)/.exec(line.split(' ')[0]!) ?? [];
    return name === undefined ? [] : [moduleName(name)];
  });
}

export function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** The modules with a matching alias, without duplicates. */
export function modulesFor(modalias: string, { aliases }: ModuleIndex): string[] {
  const found = aliases.filter(({ pattern }) => matchesPattern(pattern, modalias));
  return [...new Set(found.map(({ module }) => module))];
}

/** fnmatch(3) without flags, as in kmod and udev. */
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
 * Drivers of bridges between buses: every kernel has them, but no module has an alias for them. ACPI devices are not exempt: most have
 * no driver, but one with a driver may be the controller itself, for example that of an eMMC (sdhci-acpi).
 */
const busDrivers = new Set(['pcieport', 'shpchp', 'usb', 'hub', 'vmbus', 'hv_vmbus']);
const busDevices = /^pci:.*bc06/;

/** Modules of drivers with another name. The kernel does not show the module of a driver if it is built in. */
const moduleOfDriver: Readonly<Record<string, string>> = {
  sd: 'sd_mod',
  sr: 'sr_mod',
  vbd: 'xen_blkfront',
  vif: 'xen_netfront',
  vmbus: 'hv_vmbus',
  xhci_hcd: 'xhci_pci',
};

/** Possible names of a device's module, most likely first. */
function namesOf({ module, driver }: BusDevice): string[] {
  const names = [module, driver === null ? null : moduleOfDriver[driver], driver];
  return names.flatMap(name => (name ? [moduleName(name)] : []));
}

/**
 * The modules of the drivers in use, without duplicates. sysfs shows the module of a driver only if it was loaded; for a built-in
 * driver, the function finds the module by the device's modalias.
 * @param index the modules of the image, which may belong to another kernel than the running one
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
  /** Devices with a driver in use, for which the image has no driver. */
  missing: BusDevice[];
  /** Modules for the other devices. */
  modules: string[];
}

/**
 * Determines which devices the image has drivers for.
 * @param devices the devices from the disk or interface to its bus
 */
export function judgeDrivers(devices: readonly BusDevice[], index: ModuleIndex): Verdict {
  const verdict: Verdict = { missing: [], modules: [] };
  for (const device of devices) {
    const { modalias, driver } = device;
    // The disk or interface works now, so a device without a driver does not need one.
    if (driver === null || busDrivers.has(driver) || busDevices.test(modalias)) continue;
    const modules = modulesFor(modalias, index);
    const byName = namesOf(device).find(name => index.names.has(name));
    if (modules.length > 0) verdict.modules.push(...modules);
    else if (byName !== undefined) verdict.modules.push(byName);
    else verdict.missing.push(device);
  }
  return verdict;
}
