# Parameters of the running kernel without which some hardware does not work: they are shown, and taken along when asked for,
# to the new kernel and to that of the installed system.

# Names as in the kernel's Documentation/admin-guide/kernel-parameters.txt. Not in it: what belongs to a distribution, a boot
# loader, an initrd or a disk layout (root=, resume=, rd.*, systemd.*, net.ifnames=), what limits the machine on purpose, and efi=: without
# EFI's runtime services no boot loader could be installed.
needed_by_hardware() {
  case ${1%%=*} in
    acpi | acpi_* | pci | pcie_aspm | pcie_ports | pcie_port_pm | iommu | intel_iommu | amd_iommu) ;;
    apic | noapic | nolapic | nox2apic | irqpoll | irqaffinity | nomsi | clocksource | tsc | hpet | notsc | no_timer_check) ;;
    idle | processor.max_cstate | intel_idle.max_cstate | intel_pstate | amd_pstate | mitigations | nomodeset | reboot) ;;
    memmap | nvme | nvme.* | nvme_core.* | libata.* | ahci.* | scsi_mod.* | usbcore.* | usb-storage.* | usb_storage.*) ;;
    megaraid_sas.* | mpt3sas.* | hpsa.* | ixgbe.* | igb.* | e1000e.* | bnx2x.* | bnxt_en.* | mlx4_core.* | mlx5_core.* | r8169.*) ;;
    *) return 1 ;;
  esac
  # One with quotes, or whatever else a shell or a boot loader may take for something, is kept by --append alone.
  case $1 in
    *[!A-Za-z0-9_.,:=@/+-]*) return 1 ;;
  esac
}

# hardware_parameters FILE: those of a command line, one a line, each once.
hardware_parameters() {
  [ -r "$1" ] || return 0
  IFS= read -r command_line <"$1" || [ -n "$command_line" ] || return 0
  seen=' '
  # What should happen to a `*` on a command line is nothing.
  set -f
  for word in $command_line; do
    # The init's own arguments come behind it.
    [ "$word" != -- ] || break
    case $seen in *" $word "*) continue ;; esac
    if needed_by_hardware "$word"; then
      printf '%s\n' "$word"
      seen="$seen$word "
    fi
  done
  set +f
}

kept_parameters=''

# keep_parameters FILE: of that command line, before the new one is written.
keep_parameters() {
  found=$(hardware_parameters "$1" | tr '\n' ' ')
  found=${found% }
  [ -n "$found" ] || return 0
  if [ "$keep" = yes ]; then
    kept_parameters=$found
    append=" $found$append"
    say "kernel parameters that are taken along: $found"
  else
    say "kernel parameters that this hardware may need, and that are not taken along: $found"
    say "  next: --keep-parameters takes them to the new kernel and to the installed system; --append '$found' to the new kernel alone"
  fi
}

# For the configuration of the installed system.
kept_parameters_json() {
  json_list=''
  for word in $kept_parameters; do
    json_list="$json_list${json_list:+, }$(json_string "$word")"
  done
  printf '[%s]' "$json_list"
}
