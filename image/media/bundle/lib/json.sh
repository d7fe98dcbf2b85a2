# Writes the configuration from the options.

# A JSON string, quotes included (RFC 8259, 7).
json_string() {
  printf '"'
  json_rest=$1
  while [ -n "$json_rest" ]; do
    json_char=${json_rest%"${json_rest#?}"}
    json_rest=${json_rest#?}
    case $json_char in
      '"' | \\) printf '\\%s' "$json_char" ;;
      [[:cntrl:]]) printf '\\u%04x' "'$json_char" ;;
      *) printf '%s' "$json_char" ;;
    esac
  done
  printf '"'
}

passphrase=''

# With --config, the file becomes /dabei.json unchanged, and the options go into a second file that overrides it.
write_configuration() {
  [ -z "$sent_flake" ] || write_flake
  if [ -n "$config_file" ]; then
    cat <"$config_file" >"$boot/dabei.json"
    options_json >"$boot/dabei/options.json"
  else
    options_json >"$boot/dabei.json"
  fi
}

options_json() {
  printf '{'
  json_comma=''
  if [ "$install" = yes ]; then
    json_member mode '"install"'
  elif [ -z "$config_file" ]; then
    json_member mode '"rescue"'
  fi
  [ -z "$host_name" ] || json_member hostName "$(json_string "$host_name")"
  [ -z "${kept_parameters-}" ] || json_member kernelParams "$(kept_parameters_json)"
  [ -z "$flake" ] || json_member system "{\"flake\": $(json_string "$flake")}"
  disks=''
  [ -z "$disk_selectors" ] || disks="$disks, \"devices\": [$disk_selectors]"
  [ -z "$layout" ] || disks="$disks, \"layout\": \"$layout\""
  [ "$wipe" = no ] || disks="$disks, \"wipe\": true"
  [ -z "$passphrase" ] || disks="$disks, \"key\": $(json_string "$passphrase")"
  [ -z "$disks" ] || json_member disks "{${disks#, }}"
  printf '\n}\n'
}

json_member() {
  printf '%s\n  "%s": %s' "$json_comma" "$1" "$2"
  json_comma=,
}

# Flags for the new system: /init arms the return timer; usr/lib/dabei/sshd and agent/host/old-system/captured.ts look for
# nixos-anywhere.
write_marks() {
  [ "$return_after" -eq 0 ] || printf '%s\n' "$return_after" >"$boot/dabei/return-after"
  [ "$nixos_anywhere" = no ] || : >"$boot/dabei/nixos-anywhere"
}
