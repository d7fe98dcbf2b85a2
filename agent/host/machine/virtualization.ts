/** Whether the machine is a virtual one, and whose, from what the kernel tells. Pure. */

export interface VirtualizationSigns {
  /** What the firmware calls machine, board and itself (DMI). */
  names: readonly string[];
  /** The processor says that there is a hypervisor (CPUID leaf 1, ECX bit 31; x86 alone). */
  hypervisorFlag: boolean;
  /** Clocks that the kernel has (/sys/devices/system/clocksource): a hypervisor has one of its own. */
  clocks: readonly string[];
  /** /sys/hypervisor/type (Documentation/ABI/stable/sysfs-hypervisor-xen). */
  hypervisorType: string | null;
}

/** What begins a name of DMI; in lower case, the words on the right are those of systemd-detect-virt(1). */
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
];

const clocks: Readonly<Record<string, string>> = {
  'kvm-clock': 'KVM',
  hyperv_clocksource_tsc_page: 'Microsoft',
  hyperv_clocksource_msr: 'Microsoft',
  xen: 'Xen',
};

/** @returns the hypervisor's name; true where it has none that is known; false on bare metal */
export function detectVirtualization(signs: VirtualizationSigns): string | boolean {
  const { hypervisorFlag, hypervisorType } = signs;
  const named = names.find(([start]) => signs.names.some(name => name.startsWith(start)))?.[1];
  const byClock = signs.clocks.map(clock => clocks[clock]).find(name => name !== undefined);
  if (hypervisorType === 'xen') return 'Xen';
  // Amazon's and Oracle's servers of metal have the maker's name, too; their processors say that nothing is above them.
  const isMetal = signs.names.some(name => /\.metal\b/.test(name));
  if (isMetal && !hypervisorFlag) return false;
  // QEMU alone says how the machine looks; the clock says what runs it.
  if (named === undefined || named === 'QEMU') return byClock ?? named ?? hypervisorFlag;
  return named;
}
