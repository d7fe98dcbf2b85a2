# What can be asked of `run`.

usage() {
  cat <<END
usage: run [OPTIONS]

Leaves the running Linux for the nix-dabei system by kexec, with the same addresses, host keys and authorized keys.
Without --install, --flake or --config it is a rescue system: no disk is touched, and a restart brings the old system back.

  --install               install NixOS on the disks named with --disk; all that is on them is lost
  --flake REFERENCE       the same, with the system github:me/infra#web-01; DIRECTORY#web-01 takes a whole flake along, which
                          becomes /etc/nixos as it is
  --config FILE           take the configuration from a JSON file; the options below override single values of it
  --disk DISK             /dev/…, serial=…, wwn=…, model=… or "only"; once for each disk
  --layout LAYOUT         one of: $layouts; single is the default
  --disk-key-file FILE    the passphrase of the disks; without it, it is asked for
  --wipe                  the disks may hold data; --yes does not mean this
  --hostname NAME         the new system's name; without it, this system's

  --dry-run               show what would happen, and stop
  --yes                   do not ask whether to go on
  --no-reboot             load the new system, but do not start it
  --delay SECONDS         between the last output and the jump ($jump_delay)
  --return-after SECONDS  restart into this system when nobody has logged in, and no disk was touched, for so long
                          ($return_after_rescue; $return_after_install to install); 0: never
  --append PARAMETERS     further kernel parameters
  --keep-parameters       take along those of this kernel that hardware may need (pcie_aspm=, pci=, iommu=, nvme_core.…), also
                          into the installed system; without it, they are shown
  --kexec-extra-flags F   further options of kexec --load; passed by nixos-anywhere
  --help

exit codes:
   0  the jump is under way; or loaded (--no-reboot), or nothing speaks against it (--dry-run)
   1  something failed; this system runs on unchanged
   2  the command line is wrong
  10  refused: the reasons were printed
  11  not confirmed
  12  the running kernel did not take the new one
 130  interrupted
END
}

wrong_usage() {
  problem USAGE "$1" "run --help"
  exit 2
}

# Kept in the form in which they go into JSON, one selector a line.
disk_selectors='' layout='' flake='' sent_flake='' config_file='' disk_key_file='' host_name='' wipe=no install=no
dry_run=no yes=no no_reboot=no keep=no delay=$jump_delay return_after='' append='' extra_flags='' nixos_anywhere=no

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
      *) wrong_usage "there is no option $1" ;;
    esac
    shift
  done
  check_options
}

set_option() {
  case $1 in
    --kexec-extra-flags)
      # nixos-anywhere always passes it, also without any flag.
      nixos_anywhere=yes
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
        *) wrong_usage "--layout $2 is none of: $layouts" ;;
      esac
      ;;
    --flake) set_flake "$2" ;;
    --config) config_file=$2 ;;
    --disk-key-file) disk_key_file=$2 ;;
    --hostname) host_name=$2 ;;
    --delay)
      is_number "$2" || wrong_usage "--delay $2 is no number of seconds"
      delay=$2
      ;;
    --return-after)
      is_number "$2" || wrong_usage "--return-after $2 is no number of seconds"
      return_after=$2
      ;;
  esac
}

# A directory of this system is taken along (agent/plan/host-flake/flake-reference.ts, sentDirectory).
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

# Of what dabei itself refuses (agent/plan/host-flake/flake-reference.ts), what a shell can tell: the rest has to be a directory here.
known_reference() {
  case $1 in
    github:?*/?* | gitlab:?*/?* | sourcehut:?*/?* | http://?*/* | https://?*/* | tarball+http://?*/* | tarball+https://?*/*) ;;
    [Gg][Ii][Tt]+* | [Gg][Ii][Tt]:* | [Ss][Ss][Hh]:* | [Ss][Ss][Hh]+* | [Hh][Gg]+* | ?*@?*:*)
      wrong_usage "--flake $1 needs git, which the new system does not have: give a directory with a checkout, or an archive's address (github:OWNER/REPOSITORY, https://….tar.gz)"
      ;;
    *:*/* | *:)
      case $1 in
        path:*) wrong_usage "--flake $1: there is no such directory" ;;
      esac
      wrong_usage "--flake $1 is no address that the new system can fetch: github:OWNER/REPOSITORY, gitlab:, sourcehut:, https://….tar.gz, or a directory"
      ;;
    *:*) wrong_usage "--flake $1 is incomplete: github:OWNER/REPOSITORY#NAME" ;;
    *) wrong_usage "--flake $1: there is no such directory" ;;
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
    *) wrong_usage "--disk $1 is no path below /dev, and none of serial=…, wwn=…, model=…, only" ;;
  esac
  disk_selectors="$disk_selectors${disk_selectors:+, }$selector"
}

# Links that udev's own rules make in the new system, too (60-persistent-storage.rules), best first as in
# agent/plan/disks/describe-disk.ts.
stable_links='by-id/ata-* by-id/ieee1394-* by-id/memstick-* by-id/mmc-* by-id/nvme-* by-id/scsi-* by-id/usb-* by-id/virtio-*
  by-id/nvme-eui.* by-id/nvme-nvme.* by-id/nvme-uuid.* by-id/wwn-* by-path/*'
disk_links=/dev/disk

# /dev/sda may be another disk under another kernel: the link by which it stays the same.
stable_disk() {
  case $1 in
    /dev/*/*) ;;
    *)
      for pattern in $stable_links; do
        for link in "$disk_links"/$pattern; do
          case $pattern:$link in
            # World wide names come later.
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
  # Before disks are touched, a system may be fetched and evaluated.
  if [ -z "$return_after" ]; then
    return_after=$return_after_rescue
    [ "$install" = no ] && [ -z "$config_file" ] || return_after=$return_after_install
  fi
  case $install$config_file:$wipe:$disk_selectors$layout$disk_key_file in
    no:no:) ;;
    no:*) wrong_usage "--disk, --layout, --wipe or --disk-key-file without --install, --flake or --config" ;;
  esac
  for file in "$config_file" "$disk_key_file"; do
    [ -z "$file" ] || [ -r "$file" ] || wrong_usage "the file $file cannot be read"
  done
}
