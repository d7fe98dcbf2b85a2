# The command line of `run`.

usage() {
  cat <<END
usage: run [OPTIONS]

Boots nix-dabei from the running Linux by kexec, with the same addresses, host keys and authorized keys.
Without --install, --flake or --config it starts the rescue system, which changes no disk; a restart brings this system back.

  --install               install NixOS on the disks named with --disk, and erase everything on them
  --flake REFERENCE       install the system of a flake, such as github:me/infra#web-01; DIRECTORY#web-01 bundles a whole
                          directory, which becomes /etc/nixos unchanged
  --config FILE           read the configuration from a JSON file; the options below override single values of it
  --disk DISK             /dev/…, serial=…, wwn=…, model=… or "only"; once for each disk
  --layout LAYOUT         one of: $layouts; the default is single
  --disk-key-file FILE    read the passphrase of the disks from FILE; the default is to ask for it
  --wipe                  allow erasing disks that contain data (not implied by --yes)
  --hostname NAME         host name of the new system; the default is that of this system

  --dry-run               show what would happen, and stop
  --yes                   do not ask for confirmation
  --no-reboot             load the new system, but do not start it
  --delay SECONDS         wait between the last output and kexec (default: $jump_delay)
  --return-after SECONDS  reboot into this system after SECONDS without a login, unless a disk was modified
                          (default: $return_after_rescue; to install: $return_after_install); 0 means never
  --append PARAMETERS     add kernel parameters
  --keep-parameters       keep the parameters of this kernel that the hardware may need (pcie_aspm=, pci=, iommu=,
                          nvme_core.…), also in the installed system; the default is only to list them
  --kexec-extra-flags F   add options to kexec --load; nixos-anywhere passes this option
  --help

exit codes:
   0  kexec is under way; or the new system is loaded (--no-reboot); or every check passed (--dry-run)
   1  something failed; this system keeps running, unchanged
   2  the command line is wrong
  10  refused; the reasons were printed
  11  not confirmed
  12  kexec failed to load the new kernel
 130  interrupted
END
}

wrong_usage() {
  problem USAGE "$1" "run --help"
  exit 2
}

# disk_selectors holds JSON already: the selectors, separated by commas.
disk_selectors='' layout='' flake='' sent_flake='' config_file='' disk_key_file='' host_name='' wipe=no install=no
dry_run=no yes=no no_reboot=no keep=no delay=$jump_delay return_after='' append='' extra_flags='' nixos_anywhere=no with_tools=no

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --*=*)
        # --name=value is --name value.
        option=${1%%=*}
        value=${1#*=}
        shift
        set -- "$option" "$value" "$@"
        case $option in
          --install | --wipe | --dry-run | --yes | --no-reboot | --keep-parameters | --help) wrong_usage "$option takes no value" ;;
        esac
        continue
        ;;
      --install) install=yes ;;
      --wipe) wipe=yes ;;
      --dry-run) dry_run=yes ;;
      --yes) yes=yes ;;
      --no-reboot) no_reboot=yes ;;
      --keep-parameters) keep=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      --disk | --layout | --flake | --config | --disk-key-file | --hostname | --delay | --return-after | --append | --kexec-extra-flags)
        [ $# -ge 2 ] || wrong_usage "$1 needs a value"
        set_option "$1" "$2"
        shift
        ;;
      *) wrong_usage "unknown option $1" ;;
    esac
    shift
  done
  check_options
}

set_option() {
  case $1 in
    --kexec-extra-flags)
      # nixos-anywhere always passes this option, possibly with an empty value.
      nixos_anywhere=yes
      [ ! -f "$here/tools" ] || with_tools=yes
      extra_flags=$2
      return
      ;;
    --append)
      append="$append $2"
      return
      ;;
  esac
  [ -n "$2" ] || wrong_usage "$1 needs a value"
  case $1 in
    --disk) add_disk "$2" ;;
    --layout)
      case " $layouts " in
        *" $2 "*) layout=$2 ;;
        *) wrong_usage "--layout $2 is not one of: $layouts" ;;
      esac
      ;;
    --flake) set_flake "$2" ;;
    --config) config_file=$2 ;;
    --disk-key-file) disk_key_file=$2 ;;
    --hostname) host_name=$2 ;;
    --delay)
      is_number "$2" || wrong_usage "--delay $2 is not a valid number of seconds"
      delay=$2
      ;;
    --return-after)
      is_number "$2" || wrong_usage "--return-after $2 is not a valid number of seconds"
      return_after=$2
      ;;
  esac
}

# A directory of this system is bundled (agent/plan/host-flake/flake-reference.ts, sentDirectory).
set_flake() {
  flake=$1
  flake_directory=${1%%#*}
  flake_directory=${flake_directory#path:}
  if [ ! -d "$flake_directory" ]; then
    known_reference "${1%%#*}"
    return 0
  fi
  [ -f "$flake_directory/flake.nix" ] || wrong_usage "--flake $flake_directory has no flake.nix"
  sent_flake=$flake_directory
  case $1 in
    *#*) flake="path:/dabei/flake#${1#*#}" ;;
    *) flake=path:/dabei/flake ;;
  esac
}

# Refuses early what dabei would refuse later (agent/plan/host-flake/flake-reference.ts), as far as a shell can see it. A
# reference without a scheme must be a directory of this system.
known_reference() {
  case $1 in
    github:?*/?* | gitlab:?*/?* | sourcehut:?*/?* | http://?*/* | https://?*/* | tarball+http://?*/* | tarball+https://?*/*) ;;
    [Gg][Ii][Tt]+* | [Gg][Ii][Tt]:* | [Ss][Ss][Hh]:* | [Ss][Ss][Hh]+* | [Hh][Gg]+* | ?*@?*:*)
      wrong_usage "--flake $1 needs git, which the new system does not have: give a checked-out directory or the address of an archive (github:OWNER/REPOSITORY, https://….tar.gz)"
      ;;
    *:*/* | *:)
      case $1 in
        path:*) wrong_usage "--flake $1: no such directory" ;;
      esac
      wrong_usage "--flake $1: the new system cannot fetch such an address; give github:OWNER/REPOSITORY, gitlab:, sourcehut:, https://….tar.gz, or a directory"
      ;;
    *:*) wrong_usage "--flake $1 is incomplete; the form is github:OWNER/REPOSITORY#NAME" ;;
    *) wrong_usage "--flake $1: no such directory" ;;
  esac
}

is_number() {
  case $1 in
    '' | *[!0-9]* | 0?* | ????????*) return 1 ;;
  esac
}

add_disk() {
  case $1 in
    only) selector='"only"' ;;
    serial=?* | wwn=?* | model=?*) selector="{\"${1%%=*}\": $(json_string "${1#*=}")}" ;;
    /dev/?*) selector=$(json_string "$(stable_disk "$1")") ;;
    *) wrong_usage "--disk $1 is not a path below /dev, and not serial=…, wwn=…, model=… or only" ;;
  esac
  disk_selectors="$disk_selectors${disk_selectors:+, }$selector"
}

# Links that udev's own rules also make in the new system (60-persistent-storage.rules), best first as in
# agent/plan/disks/describe-disk.ts.
stable_links='by-id/ata-* by-id/ieee1394-* by-id/memstick-* by-id/mmc-* by-id/nvme-* by-id/scsi-* by-id/usb-* by-id/virtio-*
  by-id/nvme-eui.* by-id/nvme-nvme.* by-id/nvme-uuid.* by-id/wwn-* by-path/*'
disk_links=/dev/disk

# Prints the link that names the same disk under every kernel; /dev/sda may be another disk there.
stable_disk() {
  case $1 in
    /dev/*/*) ;;
    *)
      for pattern in $stable_links; do
        for link in "$disk_links"/$pattern; do
          case $pattern:$link in
            # They match nvme-* as well, but rank lower.
            'by-id/nvme-*':*/nvme-eui.* | 'by-id/nvme-*':*/nvme-nvme.* | 'by-id/nvme-*':*/nvme-uuid.*) continue ;;
          esac
          if [ -e "$link" ] && [ "$(readlink -f "$link")" = "$1" ]; then
            printf '%s' "$link"
            return
          fi
        done
      done
      ;;
  esac
  printf '%s' "$1"
}

check_options() {
  [ -z "$flake" ] || install=yes
  # An installation may fetch and evaluate a system before it modifies a disk, so it has more time.
  if [ -z "$return_after" ]; then
    return_after=$return_after_rescue
    [ "$install" = no ] && [ -z "$config_file" ] || return_after=$return_after_install
  fi
  case $install$config_file:$wipe:$disk_selectors$layout$disk_key_file in
    no:no:) ;;
    no:*) wrong_usage "--disk, --layout, --wipe and --disk-key-file need --install, --flake or --config" ;;
  esac
  for file in "$config_file" "$disk_key_file"; do
    [ -z "$file" ] || [ -r "$file" ] || wrong_usage "cannot read the file $file"
  done
  ! has_own_layout || [ ! -f "$here/tools" ] || with_tools=yes
}

# Whether the flake's disko script will lay out the disks: it may need programs of the second initrd. Blanks in the file do not matter; a
# layout that is meant otherwise only makes the initrd larger.
has_own_layout() {
  [ "$layout" != disko ] || return 0
  case $append in
    *dabei.disks=disko:* | *dabei.disks=\"disko:*) return 0 ;;
  esac
  [ -n "$config_file" ] || return 1
  case $(tr -d '[:space:]' <"$config_file") in
    *'"layout":"disko"'*) ;;
    *) return 1 ;;
  esac
}
