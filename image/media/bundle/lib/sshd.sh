# Asks the running sshd for its configuration (sshd(8), -T): where its host keys are, and who may log in.

sshd_program='' sshd_options='' sshd_text='' sshd_user=''

# Finds the running sshd by its full path (sshd insists on being started by one); else the installed one, unless another SSH
# server is running. Sets sshd_program and sshd_options.
find_sshd() {
  other_server=no
  own_namespace=$(readlink /proc/self/ns/pid 2>/dev/null) || own_namespace=''
  for exe in $(list_servers); do
    # Skip servers of other users and of containers: their answer would decide who may log in as root.
    [ -O "${exe%/exe}" ] || continue
    program=$(readlink "$exe" 2>/dev/null) || continue
    case $program in */sshd* | */dropbear*) ;; *) continue ;; esac
    [ "$(readlink "${exe%/exe}/ns/pid" 2>/dev/null)" = "$own_namespace" ] || continue
    case $program in
      */sshd | */sshd' (deleted)')
        sshd_program=${program%' (deleted)'}
        sshd_arguments "${exe%/exe}/cmdline"
        [ -z "$sshd_options" ] || break
        ;;
      */dropbear | */dropbearmulti) other_server=yes ;;
    esac
  done
  if [ -z "$sshd_program" ] && [ "$other_server" = no ] && has sshd; then
    sshd_program=$(command -v sshd)
  fi
  [ -x "$sshd_program" ] || sshd_program=''
}

# Prints the links of /proc that lead to a program with the name of an SSH server. One ls for all processes: a machine may have
# thousands, and starting a program for each takes seconds; but one by one, if they are too many for a command line.
list_servers() {
  # With -n, ls asks nobody for the names of users.
  servers=$(ls -ln /proc/[0-9]*/exe 2>/dev/null) || :
  [ -n "$servers" ] || servers=$(for exe in /proc/[0-9]*/exe; do ls -ln "$exe" 2>/dev/null; done) || :
  # A here-document may need a writable /tmp.
  printf '%s\n' "$servers" | while IFS= read -r line; do
    case $line in
      *' /proc/'*/exe' -> '*/sshd* | *' /proc/'*/exe' -> '*/dropbear*) ;;
      *) continue ;;
    esac
    line=${line%%/exe -> *}
    line=${line##*/proc/}
    # The name of a program may contain line breaks, and so lines that only look like links.
    case $line in
      '' | *[!0-9]*) ;;
      *) printf '%s\n' "/proc/$line/exe" ;;
    esac
  done
}

# sshd_arguments FILE: collects the configuring options of a running sshd. A listener also has them in its title:
# "sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups".
sshd_arguments() {
  set -f
  # shellcheck disable=SC2046 # Words are what is wanted.
  set -- $(tr '\0' ' ' 2>/dev/null <"$1")
  set +f
  while [ $# -gt 0 ]; do
    case $1 in
      -[fophc])
        [ $# -lt 2 ] || sshd_options="$sshd_options $1 $2"
        [ $# -lt 2 ] || shift
        ;;
      -[fophc]?*) sshd_options="$sshd_options $1" ;;
    esac
    shift
  done
}

# ask_sshd USER: sets $sshd_text to sshd's settings for this user, one a line, as for a connection from the address that the caller of
# run came from; empty if there is no sshd. It is not asked twice in a row for the same user: it takes as long
# as ten small programs.
ask_sshd() {
  [ "$sshd_user" != "$1" ] || return 0
  sshd_user=$1 sshd_text=''
  [ -n "$sshd_program" ] || return 0
  set -f
  # shellcheck disable=SC2086 # Words are what is wanted: client, its port, server, its port.
  set -- "$1" ${SSH_CONNECTION-}
  asked="user=$1,host=${2:-127.0.0.1},addr=${2:-127.0.0.1}"
  [ $# -lt 5 ] || asked="$asked,laddr=$4,lport=$5"
  # shellcheck disable=SC2086 # A list.
  sshd_text=$("$sshd_program" -T $sshd_options -C "$asked" 2>/dev/null || "$sshd_program" -T $sshd_options 2>/dev/null || :)
  set +f
}

# sshd_values NAME: prints the values of an option in $sshd_text, one a line.
sshd_values() {
  printf '%s\n' "$sshd_text" | while read -r option value; do
    [ "$option" != "$1" ] || printf '%s\n' "$value"
  done
}

# capture_sshd DIRECTORY: the settings that dabei reports (agent/keys/sshd-options.ts), and the port that people use.
capture_sshd() {
  find_sshd
  ask_sshd root
  [ -z "$sshd_text" ] || printf '%s\n' "$sshd_text" >"$1/sshd"
  set -f
  # shellcheck disable=SC2086 # Words are what is wanted.
  set -- "$1" ${SSH_CONNECTION-}
  set +f
  if [ $# -ge 5 ]; then
    printf '%s\n' "$5" >"$1/ssh-port"
  else
    sshd_values port | head -n 1 >"$1/ssh-port"
  fi
}

# capture_host_keys DIRECTORY: the keys that sshd presents, with public keys and certificates, under their usual names.
capture_host_keys() {
  sshd_values hostkey | while IFS= read -r key; do
    copy_host_key "$key" "$1/ssh_host_$(type_of_key "$key")_key"
  done
  sshd_values hostcertificate | while IFS= read -r certificate; do
    [ ! -s "$certificate" ] || cat "$certificate" >"$1/ssh_host_$(type_of_line "$(first_line "$certificate")")_key-cert.pub"
  done
  # Files in /etc/ssh may be unused leftovers: copy them only if sshd could not be asked.
  if ! any "$1"/ssh_host_*_key && [ -z "$sshd_text" ]; then
    for key in /etc/ssh/ssh_host_*_key; do
      copy_host_key "$key" "$1/${key##*/}"
    done
  fi
  if ! any "$1"/ssh_host_*_key && has dropbearconvert; then
    for key in /etc/dropbear/dropbear_*_host_key; do
      type=${key##*/dropbear_}
      [ ! -f "$key" ] ||
        dropbearconvert dropbear openssh "$key" "$1/ssh_host_${type%_host_key}_key" >/dev/null 2>&1 || :
    done
  fi
  any "$1"/ssh_host_*_key || say "no SSH host key found; the new system will generate one"
}

# type_of_key FILE: prints rsa, ecdsa or ed25519; else a name made from its path: dabei reads the type from the key itself.
type_of_key() {
  type=$(type_of_line "$(first_line "$1.pub")")
  if [ -z "$type" ] && has ssh-keygen; then
    type=$(type_of_line "$(ssh-keygen -y -P '' -f "$1" 2>/dev/null </dev/null || :)")
  fi
  [ -n "$type" ] || type=$(printf '%s' "$1" | tr -c 'A-Za-z0-9' _)
  printf '%s' "$type"
}

# type_of_line LINE: prints the type of a public key or certificate.
type_of_line() {
  case $1 in
    ssh-ed25519*) echo ed25519 ;;
    ecdsa-sha2-*) echo ecdsa ;;
    ssh-rsa*) echo rsa ;;
  esac
}

copy_host_key() {
  [ -s "$1" ] && [ ! -e "$2" ] || return 0
  cat "$1" >"$2"
  [ ! -s "$1.pub" ] || cat "$1.pub" >"$2.pub"
}

any() {
  [ -e "$1" ]
}

# user_key_files USER HOME: prints the files in which sshd looks for this user's keys, one a line (sshd_config(5),
# AuthorizedKeysFile and TOKENS).
user_key_files() {
  ask_sshd "$1"
  patterns=$(sshd_values authorizedkeysfile)
  [ -n "$sshd_text" ] || patterns=".ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/authorized_keys.d/%u"
  set -f
  for pattern in $patterns; do
    [ "$pattern" != none ] || continue
    path=''
    while :; do
      case $pattern in
        %%*) path=$path% pattern=${pattern#%%} ;;
        %h*) path=$path$2 pattern=${pattern#%h} ;;
        %u*) path=$path$1 pattern=${pattern#%u} ;;
        %U*) path=$path$(id -u "$1") pattern=${pattern#%U} ;;
        '') break ;;
        *)
          rest=${pattern#?}
          path=$path${pattern%"$rest"} pattern=$rest
          ;;
      esac
    done
    case $path in
      /*) printf '%s\n' "$path" ;;
      *) printf '%s\n' "$2/$path" ;;
    esac
  done
  set +f
}

# Prints the authorities whose certificates permit a login as root, as equivalent lines of authorized_keys (sshd(8),
# cert-authority). dabei warns about certificates for other principals (agent/keys/sshd-options.ts).
authority_lines() {
  ask_sshd root
  file=$(sshd_values trustedusercakeys)
  case $file in '' | none) return 0 ;; esac
  [ "$(sshd_values authorizedprincipalsfile)" = none ] && [ -r "$file" ] || return 0
  printf '#from %s\n' "$file"
  while IFS= read -r entry || [ -n "$entry" ]; do
    case $entry in
      '' | '#'*) printf '%s\n' "$entry" ;;
      *) printf 'cert-authority %s\n' "$entry" ;;
    esac
  done <"$file"
}
