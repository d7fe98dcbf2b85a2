/** Detects a virtual machine and its hypervisor from kernel information. Pure. */

export interface VirtualizationSigns {
  /** The firmware's names for the machine, the board and the firmware (DMI). */
  names: readonly string[];
  /** The processor reports a hypervisor (CPUID leaf 1, ECX bit 31; on PCs only), or SMBIOS does (isVirtualMachine). */
  hypervisorFlag: boolean;
  /** The kernel's clock sources (/sys/devices/system/clocksource); hypervisors provide their own. */
  clocks: readonly string[];
  /** /sys/hypervisor/type (Documentation/ABI/stable/sysfs-hypervisor-xen). */
  hypervisorType: string | null;
}

/** Prefixes of DMI names -> hypervisor. In lower case, the hypervisors' names are those of systemd-detect-virt(1). */
const names: readonly [start: string, hypervisor: string][] = [
  ['KVM', 'KVM'],
  ['OpenStack', 'KVM'],
  ['KubeVirt', 'KVM'],
  ['Amazon EC2', 'Amazon'],
  ['Google Compute Engine', 'Google'],
  ['QEMU', 'QEMU'],
  ['VMware', 'VMware'],
  ['VMW', 'VMware'],
  ['innotek GmbH', 'Oracle'],
  ['VirtualBox', 'Oracle'],
  ['Xen', 'Xen'],
  ['Bochs', 'Bochs'],
  ['Parallels', 'Parallels'],
  ['BHYVE', 'bhyve'],
  ['Apple Virtualization', 'Apple'],
  // QEMU's device tree (hw/arm/virt.c), where no firmware replaces it by tables.
  ['linux,dummy-virt', 'QEMU'],
];

/** Hyper-V's machines have the names of its maker, who makes others, too; its clock is told by that of PCs only. */
const hyperV = ['Microsoft Corporation', 'Virtual Machine'];

const clocks: Readonly<Record<string, string>> = {
  'kvm-clock': 'KVM',
  hyperv_clocksource_tsc_page: 'Microsoft',
  hyperv_clocksource_msr: 'Microsoft',
  xen: 'Xen',
};

/** @returns the hypervisor's name; true if there is a hypervisor with an unknown name; false on bare metal */
export function detectVirtualization(signs: VirtualizationSigns): string | boolean {
  const { hypervisorFlag, hypervisorType } = signs;
  const named = names.find(([start]) => signs.names.some(name => name.startsWith(start)))?.[1];
  const byClock = signs.clocks.map(clock => clocks[clock]).find(name => name !== undefined);
  const byBoth = hyperV.every(name => signs.names.includes(name)) ? 'Microsoft' : undefined;
  if (hypervisorType === 'xen') return 'Xen';
  // Amazon's and Oracle's bare-metal servers also have the vendor's name, but their processors report no hypervisor.
  const isMetal = signs.names.some(name => /\.metal\b/.test(name));
  if (isMetal && !hypervisorFlag) return false;
  // The name "QEMU" identifies only the emulated machine; the clock identifies the hypervisor.
  if (named === undefined || named === 'QEMU') return byClock ?? byBoth ?? named ?? hypervisorFlag;
  return named;
}
