# shellcheck shell=sh disable=SC2154,SC2034 # after trial-state.sh
# Keeps a first boot on trial in the boot menu that NixOS has just written.

parameters='panic=30 oops=panic systemd.watchdog_sec=60 dabei.trial=loader'

# default_of LOADER.CONF: sets `chosen` to the default of NixOS, also where ours stands before it.
default_of() {
  chosen='' preferred=''
  while read -r word value rest || [ -n "$word" ]; do
    [ "$word" != '#dabei' ] || { word=$value value=$rest; }
    case $word:$value in
      *:nix-dabei.conf) ;;
      default:*) chosen=$value ;;
      preferred:*) preferred=$value ;;
    esac
  done <"$1"
  [ -z "$preferred" ] || chosen=$preferred
}

# The entry that NixOS starts, with what belongs to a trial.
systemd_boot_entry() {
  default_of "$1/loader/loader.conf"
  source=
  # A name may be a pattern, or have a counter: nixos-HASH+3.conf.
  for file in "$1/loader/entries/"${chosen:-none} "$1/loader/entries/${chosen%.conf}"+*.conf; do
    [ ! -f "$file" ] || source=$file
  done
  [ -n "$source" ] || return 1
  {
    echo 'title nix-dabei trial'
    echo 'sort-key zy-nix-dabei'
    # The last line has no end in nixpkgs 26.11.
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
        title* | sort-key* | version* | machine-id*) ;;
        options*) printf '%s\n' "$line $parameters" ;;
        *) printf '%s\n' "$line" ;;
      esac
    done <"$source"
  } | put "$1/loader/entries/nix-dabei-trial.conf"
}

# The same for GRUB, at the end of its menu. Where GRUB cannot save that it starts the system, it starts the rescue system. With a password
# (boot.loader.grub.users), it would ask at the console before it starts an entry that is not unrestricted, as those of NixOS are.
grub_entry() {
  body='' inside='' found=''
  while read -r line; do
    case $line in
      menuentry*'{') inside=yes body='' ;;
      '}')
        [ -z "$found" ] || break
        inside=
        ;;
      linux*' init='*)
        found=$inside
        body="$body    $line $parameters$newline"
        ;;
      *) [ -z "$inside" ] || body="$body    $line$newline" ;;
    esac
  done <"$1/grub/grub.cfg"
  [ -n "$found" ] || return 1
  {
    cat "$1/grub/grub.cfg"
    cat <<END
# The first boot on trial, as long as grubenv says so.
if [ "\${dabei_trial}" ]; then
  menuentry "nix-dabei trial" --id nix-dabei-trial --unrestricted {
$body  }
  if [ "\${boot_once}" != true ]; then
    if [ "\${dabei_trial}" = pending ]; then
      set dabei_trial=started
      save_env dabei_trial
      set dabei_trial=
      load_env
      if [ "\${dabei_trial}" = started ]; then
        set default=nix-dabei-trial
      else
        set default=nix-dabei
      fi
    else
      set default=nix-dabei
    fi
  fi
fi
END
  } | put "$1/grub/grub.cfg"
}

# rescue.sh writes the entry last.
has_rescue() {
  entry=dabei/grub.cfg
  [ -z "$systemd_boot" ] || entry=loader/entries/nix-dabei.conf
  [ -f "$1/dabei/rescue.cpio" ] && [ -f "$1/$entry" ]
}

write_menu() {
  state_of "$1"
  case $state in
    none | confirmed) return 0 ;;
    damaged) state=pending ;;
  esac
  if has_rescue "$1"; then
    if [ -n "$systemd_boot" ]; then
      # One that has started is not started by the menu again.
      if [ "$state" != pending ] || systemd_boot_entry "$1"; then
        loader_conf rescue "$1" && return 0
      fi
    else
      grub_entry "$1" && put_variable "$state" "$1" && return 0
    fi
  fi
  say "warning: $1 has no rescue system, or no entry to start: no trial"
  finish "$1"
}

each_esp write_menu
