# Limits of agent/limits.ts, of which this file is made (shellLimits). Kibibytes, bytes and seconds.
# shellcheck shell=sh disable=SC2034 # Used by the other parts.
least_install_kib=204800
least_rescue_kib=120832
loading_slack_kib=12288
read_ahead_kib=262144
copies_of_appended=3
store_below_kib=2097152
store_beside_kib=262144
store_least_kib=32768
store_percent=225
store_enough_kib=1048576
longest_command_line=2047
least_passphrase=8
most_passphrase=512
return_after_install=2700
return_after_rescue=900
jump_delay=2
layouts='single mirror raidz1 raidz2 raidz3 disko'
