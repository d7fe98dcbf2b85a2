# Parameters of the running kernel that some hardware needs. run lists them; with --keep-parameters it passes them to the new
# kernel and to the installed system.

# Names as in the kernel's Documentation/admin-guide/kernel-parameters.txt. The list excludes parameters of a distribution, a boot
# loader, an initrd or a disk layout (root=, resume=, rd.*, systemd.*, net.ifnames=), parameters that limit the machine on
# purpose, and efi=: without EFI's runtime services, dabei could not install a boot loader.
needed_by_hardware() {
  case ${1%%=*} in
    acpi | acpi_* | pci | pcie_aspm | pcie_ports | pcie_port_pm | iommu | intel_iommu | amd_iommu) ;;
    iommu.* | arm-smmu.* | arm-smmu-v3.* | arm64.* | irqchip.*) ;;
    apic | noapic | nolapic | nox2apic | irqpoll | irqaffinity | nomsi | clocksource | tsc | hpet | notsc | no_timer_check) ;;
    idle | processor.max_cstate | intel_idle.max_cstate | intel_pstate | amd_pstate | mitigations | nomodeset | reboot) ;;
    memmap | nvme | nvme.* | nvme_core.* | libata.* | ahci.* | scsi_mod.* | usbcore.* | usb-storage.* | usb_storage.*) ;;
    megaraid_sas.* | mpt3sas.* | hpsa.* | ixgbe.* | igb.* | e1000e.* | bnx2x.* | bnxt_en.* | mlx4_core.* | mlx5_core.* | r8169.*) ;;
    *) return 1 ;;
  esac
  # Quotes and other characters that are special to a shell or a boot loader: only --append keeps such a parameter.
  case $1 in
    *[!A-Za-z0-9_.,:=@/+-]*) return 1 ;;
  esac
}

# hardware_parameters FILE: prints the needed parameters of a command line, one a line, each once.
hardware_parameters() {
  [ -r "$1" ] || return 0
  IFS= read -r command_line <"$1" || [ -n "$command_line" ] || return 0
  seen=' '
  # A `*` on the command line must not expand to file names.
  set -f
  for word in $command_line; do
    # Arguments of init follow "--".
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

# keep_parameters FILE: handles those of that command line; call it before write_command_line.
keep_parameters() {
  found=$(hardware_parameters "$1" | tr '\n' ' ')
  found=${found% }
  [ -n "$found" ] || return 0
  if [ "$keep" = yes ]; then
    kept_parameters=$found
    append=" $found$append"
    say "keeping these kernel parameters: $found"
  else
    say "not keeping these kernel parameters, which the hardware may need: $found"
    say "  next: pass --keep-parameters to keep them in the new kernel and the installed system, or --append '$found' to keep them in the new kernel only"
  fi
}

# The list as JSON, for the configuration of the installed system.
kept_parameters_json() {
  json_list=''
  for word in $kept_parameters; do
    json_list="$json_list${json_list:+, }$(json_string "$word")"
  done
  printf '[%s]' "$json_list"
}
